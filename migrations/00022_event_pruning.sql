-- +goose Up
-- Drops the monthly partitions of events that end before an instant: nobody is replayed what is months old. As it has the owner's rights, it
-- drops events alone, and none of the last two months. It waits for a second at most, for everybody who appends an event waits behind it.
-- +goose StatementBegin
CREATE FUNCTION drop_event_months(before timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '1s' AS $$
DECLARE
    part    text;
    dropped integer := 0;
BEGIN
    IF before IS NULL OR before > now() - interval '2 months' THEN
        RAISE EXCEPTION 'events of the last two months stay, so they are not dropped up to %', before USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass(format('%I.event', current_schema())) AND c.relname ~ '^event_\d{4}_\d{2}$'
        AND to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= before AT TIME ZONE 'UTC'
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE %I.%I', current_schema(), part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- With pg_temp last no temporary table can stand in for another.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION drop_event_months SET search_path = %I, pg_temp', current_schema());
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION drop_event_months;
