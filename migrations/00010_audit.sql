-- +goose Up
-- Who did what. Rows are only ever added: the trigger refuses every change, and the application's role has no right to one.
CREATE TABLE audit (
    county  text COLLATE "C" NOT NULL,          -- '' where it concerns no county
    id      uuid NOT NULL,                      -- UUIDv7 of at
    at      timestamptz NOT NULL CHECK (isfinite(at)),
    account uuid,                               -- null: the public, the command line, the server
    login   text NOT NULL,                      -- '' the public
    via     text NOT NULL CHECK (via IN ('', 'session', 'token', 'command', 'server')),
    address text NOT NULL,                      -- where the request came from; '' none
    request text NOT NULL,                      -- its id
    action  text NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
    object  text NOT NULL,                      -- noun/id
    areas   text[] NOT NULL,                    -- codes from the county to the area that it concerns
    outcome text NOT NULL CHECK (outcome IN ('done', 'refused')),
    reason  text NOT NULL,
    before  jsonb,
    after   jsonb,
    PRIMARY KEY (county, id)
) PARTITION BY RANGE (id);
CREATE INDEX audit_id ON audit (id);
CREATE INDEX audit_object ON audit (object, id);
CREATE INDEX audit_login ON audit (login, id);

-- Rows that have no link yet. The trigger adds them, so that no row can go without one; audit_chain takes them away.
CREATE TABLE audit_pending (
    id     uuid NOT NULL,
    county text COLLATE "C" NOT NULL,
    PRIMARY KEY (id, county)
);

-- The chain over the rows, in the order in which they were seen to be committed.
CREATE TABLE audit_link (
    seq    bigint PRIMARY KEY CHECK (seq > 0),  -- 1, 2, 3 … without a gap
    county text COLLATE "C" NOT NULL,
    id     uuid NOT NULL,
    hash   bytea NOT NULL CHECK (octet_length(hash) = 32),
    UNIQUE (id, county)
);

-- The hash of a link is SHA-256 of the hash of the link before it, 32 bytes, 0 before the first, followed by the bytes of its row. The
-- bytes of a row are its columns in the order of the table, each as a netstring: the number of bytes of its text in decimal, ":", the text
-- in UTF-8, ","; null is "-". The text of a column is what PostgreSQL writes for it (uuid in lower case, areas as an array literal, before
-- and after as jsonb), and of "at" the microseconds since 1970-01-01 00:00 UTC in decimal. server/audit/verify.go computes the same.
CREATE FUNCTION audit_netstring(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(octet_length(value) || ':' || value || ',', '-')
$$;
CREATE FUNCTION audit_bytes(a audit) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT convert_to(audit_netstring(a.county) || audit_netstring(a.id::text)
        || audit_netstring((extract(epoch FROM a.at) * 1000000)::bigint::text) || audit_netstring(a.account::text) || audit_netstring(a.login)
        || audit_netstring(a.via) || audit_netstring(a.address) || audit_netstring(a.request) || audit_netstring(a.action)
        || audit_netstring(a.object) || audit_netstring(a.areas::text) || audit_netstring(a.outcome) || audit_netstring(a.reason)
        || audit_netstring(a.before::text) || audit_netstring(a.after::text), 'UTF8')
$$;

-- Links at most so many committed rows that have no link, in the order of their ids, and tells how many that were. One caller at a time:
-- under the lock the last link is the last. Writers of audit never wait for it. 27 µs a row.
-- +goose StatementBegin
CREATE FUNCTION audit_chain(most integer DEFAULT 5000) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    row_ record;
    last_seq  bigint;
    last_hash bytea;
    first_seq bigint;
    ids       uuid[] := '{}';
    counties  text[] := '{}';
    hashes    bytea[] := '{}';
BEGIN
    IF NOT EXISTS (SELECT FROM audit_pending) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('audit'), hashtext('chain'));
    SELECT seq, hash INTO last_seq, last_hash FROM audit_link ORDER BY seq DESC LIMIT 1;
    IF NOT FOUND THEN
        last_seq := 0;
        last_hash := decode(repeat('00', 32), 'hex');
    END IF;
    first_seq := last_seq + 1;
    -- OFFSET 0: each row is looked up by its key, however many others there are.
    FOR row_ IN
        SELECT a.id, a.county, a.bytes FROM audit_pending p
        CROSS JOIN LATERAL (SELECT r.id, r.county, audit_bytes(r) AS bytes FROM audit r WHERE r.id = p.id AND r.county = p.county OFFSET 0) a
        ORDER BY p.id, p.county LIMIT most
    LOOP
        last_seq := last_seq + 1;
        last_hash := sha256(last_hash || row_.bytes);
        ids := ids || row_.id;
        counties := counties || row_.county;
        hashes := hashes || last_hash;
    END LOOP;
    INSERT INTO audit_link (seq, county, id, hash)
    SELECT first_seq - 1 + n, county, id, hash FROM unnest(counties, ids, hashes) WITH ORDINALITY AS link (county, id, hash, n);
    DELETE FROM audit_pending p USING unnest(ids, counties) AS done (id, county) WHERE p.id = done.id AND p.county = done.county;
    RETURN cardinality(ids);
END
$$;

CREATE FUNCTION audit_append() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO audit_pending (id, county) VALUES (NEW.id, NEW.county);
    RETURN NULL;
END
$$;

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

-- With pg_temp last no temporary table can stand in for one of these.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION audit_chain SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION audit_append SET search_path = %I, pg_temp', current_schema());
END
$$;
-- +goose StatementEnd

CREATE TRIGGER audit_append AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_append();
CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_refuse();  -- ensure_months gives it to each partition
CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE ON audit_link FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON audit_link EXECUTE FUNCTION audit_refuse();

-- +goose Down
DROP FUNCTION audit_chain;
DROP TABLE audit_link, audit_pending;
DROP FUNCTION audit_bytes;
DROP TABLE audit;
DROP FUNCTION audit_netstring, audit_append, audit_refuse;
