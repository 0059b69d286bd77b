-- +goose Up
-- The application works as a role that owns nothing; what needs the owner is done by these functions, with the owner's rights.

-- Makes the monthly partitions (UTC months) of a table from the month of "since" to the month of "until", where they are missing. As it has
-- the owner's rights, it does so for the owner's partitioned tables alone, in the years 2000 to 2200, and for at most 400 months at once.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ensure_months(parent text, since timestamptz, until timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    month timestamp := date_trunc('month', since AT TIME ZONE 'UTC');
    part  text;
    guard record;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_class c WHERE c.relname = parent AND c.relnamespace = current_schema()::regnamespace AND c.relkind = 'p'
        AND NOT c.relispartition AND pg_get_userbyid(c.relowner) = current_user
    ) THEN
        RAISE EXCEPTION 'there is no table % with a partition for each month', parent USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF since < '2000-01-01 00:00+00' OR until >= '2201-01-01 00:00+00' OR until > since + interval '400 months' THEN
        RAISE EXCEPTION 'partitions are made for the years 2000 to 2200, and for 400 months at once, not from % to %', since, until
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WHILE month <= until AT TIME ZONE 'UTC' LOOP
        part := parent || to_char(month, '_YYYY_MM');
        IF to_regclass(format('%I.%I', current_schema(), part)) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('ensure_months'), hashtext(parent));
            -- to_regclass still remembers its answer from before the wait; a query does not.
            IF NOT EXISTS (SELECT FROM pg_class c WHERE c.relname = part AND c.relnamespace = current_schema()::regnamespace) THEN
                -- Bounds leave out version and variant bits, so that every UUIDv7 of the month lies inside.
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent,
                    overlay(uuid_v7_floor(month AT TIME ZONE 'UTC')::text PLACING '0000-0000' FROM 15 FOR 9),
                    overlay(uuid_v7_floor((month + interval '1 month') AT TIME ZONE 'UTC')::text PLACING '0000-0000' FROM 15 FOR 9));
                -- PostgreSQL gives a partition its table's triggers for rows, but not those for TRUNCATE.
                FOR guard IN
                    SELECT t.tgname, t.tgfoid::regproc AS act FROM pg_trigger t
                    WHERE t.tgrelid = to_regclass(format('%I.%I', current_schema(), parent)) AND t.tgtype & 32 > 0
                LOOP
                    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I EXECUTE FUNCTION %s()', guard.tgname, part, guard.act);
                END LOOP;
            END IF;
        END IF;
        month := month + interval '1 month';
    END LOOP;
END
$$;

-- Gives the planner figures about tables that have been filled in bulk.
CREATE FUNCTION analyze_tables(VARIADIC names text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY names LOOP
        EXECUTE format('ANALYZE %I.%I', current_schema(), name);
    END LOOP;
END
$$;

-- With pg_temp last no temporary table can stand in for another.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION ensure_months SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION analyze_tables SET search_path = %I, pg_temp', current_schema());
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION analyze_tables;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION ensure_months(parent text, since timestamptz, until timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', since AT TIME ZONE 'UTC');
    part  text;
BEGIN
    WHILE month <= until AT TIME ZONE 'UTC' LOOP
        part := parent || to_char(month, '_YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('ensure_months'), hashtext(parent));
            EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent,
                overlay(uuid_v7_floor(month AT TIME ZONE 'UTC')::text PLACING '0000-0000' FROM 15 FOR 9),
                overlay(uuid_v7_floor((month + interval '1 month') AT TIME ZONE 'UTC')::text PLACING '0000-0000' FROM 15 FOR 9));
        END IF;
        month := month + interval '1 month';
    END LOOP;
END
$$;
-- +goose StatementEnd
