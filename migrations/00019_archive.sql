-- +goose Up
-- Months of incidents that were taken out. Each is a partition that has changed its parent, so it is moved and not copied, and comes back the same way. Who
-- reported goes with it, and is found there by retention and by the exchange of keys. The columns must stay those of the tables that they come from: whatever
-- changes one changes the other.
CREATE TABLE archived_incident (LIKE incident INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (county, id)) PARTITION BY RANGE (id);
CREATE TABLE archived_photo (LIKE photo INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE, PRIMARY KEY (county, incident, id)) PARTITION BY RANGE (incident);
CREATE TABLE archived_reporter (LIKE incident_reporter INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (county, incident));
CREATE INDEX archived_reporter_key ON archived_reporter (encode(substring(sealed FROM 3 FOR 4), 'hex'), incident);
CREATE TABLE archived_receipt (LIKE report_receipt INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (number));
CREATE INDEX archived_receipt_incident ON archived_receipt (county, incident);

-- As before, but no month is made again that is archived: what comes for it is refused, so that a file that is read again makes nothing twice.
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
        IF to_regclass(format('%I.%I', current_schema(), 'archived_' || part)) IS NOT NULL THEN
            RAISE EXCEPTION 'the month % of % is archived', to_char(month, 'YYYY-MM'), parent USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
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

-- Where a month's partition of a table of incidents ends and begins, leaving out version and variant bits as ensure_months does.
CREATE FUNCTION month_floor(month date) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT overlay(uuid_v7_floor(month::timestamp AT TIME ZONE 'UTC')::text PLACING '0000-0000' FROM 15 FOR 9)::uuid
$$;

-- Gives a month's partition another parent and the name that goes with it; a foreign key of the partition itself that the new parent has not is dropped.
CREATE FUNCTION move_month(month date, from_table text, to_table text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    old text := from_table || to_char(month, '_YYYY_MM');
    new text := to_table || to_char(month, '_YYYY_MM');
BEGIN
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', from_table, old);
    IF to_table = 'archived_photo' THEN
        EXECUTE (SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', old, conname) FROM pg_constraint
            WHERE conrelid = to_regclass(format('%I.%I', current_schema(), old)) AND contype = 'f' AND conparentid = 0);
    END IF;
    EXECUTE format('ALTER TABLE %I RENAME TO %I', old, new);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', to_table, new,
        month_floor(month), month_floor((month + interval '1 month')::date));
END
$$;

-- Takes a month (its first day) of incidents out, with who reported them, and tells what went. Not where one of them is still open. Until its end nobody
-- reads or writes incidents, from when it holds their tables; what is moved row by row is moved before.
CREATE FUNCTION archive_month(month date, OUT incidents bigint, OUT reporters bigint, OUT receipts bigint, OUT photos bigint) LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    low  uuid := month_floor(month);
    high uuid := month_floor((month + interval '1 month')::date);
    open bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_months'), hashtext('incident'));
    WITH gone AS (DELETE FROM incident_reporter r WHERE r.incident >= low AND r.incident < high RETURNING r.*)
    INSERT INTO archived_reporter SELECT * FROM gone;
    GET DIAGNOSTICS reporters = ROW_COUNT;
    WITH gone AS (DELETE FROM report_receipt r WHERE r.incident >= low AND r.incident < high RETURNING r.*)
    INSERT INTO archived_receipt SELECT * FROM gone;
    GET DIAGNOSTICS receipts = ROW_COUNT;
    LOCK TABLE incident, photo IN ACCESS EXCLUSIVE MODE; -- in the order in which a report is written
    SELECT count(*), count(*) FILTER (WHERE status NOT IN ('closed', 'cancelled')) INTO incidents, open FROM incident WHERE id >= low AND id < high;
    IF open > 0 THEN
        RAISE EXCEPTION '% incidents of % are still open', open, to_char(month, 'YYYY-MM') USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    photos := 0;
    IF to_regclass(format('%I.%I', current_schema(), 'photo' || to_char(month, '_YYYY_MM'))) IS NOT NULL THEN
        SELECT count(*) INTO photos FROM photo p WHERE p.incident >= low AND p.incident < high;
        PERFORM move_month(month, 'photo', 'archived_photo');
    END IF;
    PERFORM move_month(month, 'incident', 'archived_incident');
END
$$;

-- The opposite of archive_month.
CREATE FUNCTION restore_month(month date, OUT incidents bigint, OUT reporters bigint, OUT receipts bigint, OUT photos bigint) LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    low  uuid := month_floor(month);
    high uuid := month_floor((month + interval '1 month')::date);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_months'), hashtext('incident'));
    LOCK TABLE incident, photo IN ACCESS EXCLUSIVE MODE;
    PERFORM move_month(month, 'archived_incident', 'incident');
    SELECT count(*) INTO incidents FROM incident WHERE id >= low AND id < high;
    photos := 0;
    IF to_regclass(format('%I.%I', current_schema(), 'archived_photo' || to_char(month, '_YYYY_MM'))) IS NOT NULL THEN
        PERFORM move_month(month, 'archived_photo', 'photo');
        SELECT count(*) INTO photos FROM photo p WHERE p.incident >= low AND p.incident < high;
    END IF;
    WITH gone AS (DELETE FROM archived_reporter r WHERE r.incident >= low AND r.incident < high RETURNING r.*)
    INSERT INTO incident_reporter SELECT * FROM gone;
    GET DIAGNOSTICS reporters = ROW_COUNT;
    WITH gone AS (DELETE FROM archived_receipt r WHERE r.incident >= low AND r.incident < high RETURNING r.*)
    INSERT INTO report_receipt SELECT * FROM gone;
    GET DIAGNOSTICS receipts = ROW_COUNT;
END
$$;

-- With pg_temp last no temporary table can stand in for another. A function that is replaced loses its path.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION ensure_months SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION archive_month SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION restore_month SET search_path = %I, pg_temp', current_schema());
END
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'archived_incident'::regclass) THEN
        RAISE EXCEPTION 'months are archived; restore them first: jingwei archive --restore MONTH';
    END IF;
END
$$;
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

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION ensure_months SET search_path = %I, pg_temp', current_schema());
END
$$;
-- +goose StatementEnd
DROP FUNCTION restore_month, archive_month, move_month, month_floor;
DROP TABLE archived_receipt, archived_reporter, archived_photo, archived_incident;
