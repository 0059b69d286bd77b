-- +goose Up
-- The lowest UUIDv7 of an instant: the bound of a partition, and of a range of time in an id.
-- +goose StatementBegin
CREATE FUNCTION uuid_v7_floor(t timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(greatest(0, extract(epoch FROM t) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;
-- +goose StatementEnd

-- Makes the monthly partitions (UTC months) of a table from the month of "since" to the month of "until", where they are missing.
-- +goose StatementBegin
CREATE FUNCTION ensure_months(parent text, since timestamptz, until timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', since AT TIME ZONE 'UTC');
    part  text;
BEGIN
    WHILE month <= until AT TIME ZONE 'UTC' LOOP
        part := parent || to_char(month, '_YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('ensure_months'), hashtext(parent));
            -- Bounds leave out version and variant bits, so that every UUIDv7 of the month lies inside.
            EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent,
                overlay(uuid_v7_floor(month AT TIME ZONE 'UTC')::text PLACING '0000-0000' FROM 15 FOR 9),
                overlay(uuid_v7_floor((month + interval '1 month') AT TIME ZONE 'UTC')::text PLACING '0000-0000' FROM 15 FOR 9));
        END IF;
        month := month + interval '1 month';
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION ensure_months, uuid_v7_floor;
