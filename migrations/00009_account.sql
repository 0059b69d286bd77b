-- +goose Up
-- A person or a machine that may log in.
CREATE TABLE account (
    id                  uuid PRIMARY KEY,
    login               text COLLATE "C" NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9][a-z0-9._@-]{1,63}$'),
    name                text NOT NULL CHECK (name <> ''),
    kind                text NOT NULL CHECK (kind IN ('person', 'machine')),
    password            text,                             -- argon2id in PHC form; null where there is none (machines, single sign-on)
    password_changed_at timestamptz,
    must_change         boolean NOT NULL DEFAULT false,   -- the password was set by somebody else
    former_passwords    text[] NOT NULL DEFAULT '{}',     -- argon2id, the newest first
    totp                bytea,                            -- sealed secret of the second factor
    totp_confirmed_at   timestamptz,                      -- null: offered, not proven yet
    totp_step           bigint NOT NULL DEFAULT 0,        -- the last time step that was used: a code is good once
    recovery            bytea[] NOT NULL DEFAULT '{}',    -- SHA-256 of the recovery codes that are left
    issuer              text,                             -- OpenID Connect: who vouches
    subject             text,                             -- and for whom
    disabled_at         timestamptz,
    demo                boolean NOT NULL DEFAULT false,   -- its password is known to everybody
    version             integer NOT NULL DEFAULT 1,       -- for If-Match
    created_at          timestamptz NOT NULL,
    last_login_at       timestamptz,
    UNIQUE (issuer, subject),
    CHECK ((issuer IS NULL) = (subject IS NULL)),
    CHECK (kind = 'person' OR (password IS NULL AND totp IS NULL AND issuer IS NULL))
);

-- A role on an area and all below it. "grant" is a word of SQL.
CREATE TABLE account_grant (
    id         uuid PRIMARY KEY,
    account    uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('viewer', 'worker', 'handler', 'dispatcher', 'planner', 'system_admin', 'security_admin', 'auditor')),
    area       text COLLATE "C" REFERENCES area (code),   -- null: the whole installation
    expires_at timestamptz CHECK (expires_at < '9999-12-31 00:00:00Z'), -- null: never; later than that cannot be read back
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (account, role, area),
    CHECK (area IS NULL OR role NOT IN ('system_admin', 'security_admin', 'auditor'))
);

-- The three administrators are three persons, and an administrator is nothing else: whoever holds such a role holds only that one.
CREATE UNIQUE INDEX account_grant_administrator ON account_grant (account) WHERE role IN ('system_admin', 'security_admin', 'auditor');
-- +goose StatementBegin
CREATE FUNCTION account_grant_alone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM account WHERE id = NEW.account FOR UPDATE;
    IF EXISTS (SELECT FROM account_grant g WHERE g.account = NEW.account AND g.id <> NEW.id
               AND (g.role IN ('system_admin', 'security_admin', 'auditor') OR NEW.role IN ('system_admin', 'security_admin', 'auditor'))) THEN
        RAISE EXCEPTION 'an administrator holds no other role' USING ERRCODE = 'check_violation', CONSTRAINT = 'account_grant_alone';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER account_grant_alone BEFORE INSERT OR UPDATE ON account_grant FOR EACH ROW EXECUTE FUNCTION account_grant_alone();

-- Tries to log in since the last success, for every login that was tried, known or not: the two cannot be told apart. A try is counted
-- before the password is looked at.
CREATE TABLE login_try (
    login        bytea PRIMARY KEY,                       -- SHA-256: people type passwords into the wrong field
    tries        integer NOT NULL,
    tried_at     timestamptz NOT NULL,                    -- a day without a try forgets the row
    locked_until timestamptz,
    refused      integer NOT NULL DEFAULT 0               -- tries that were turned away since it was locked
);
CREATE INDEX login_try_tried_at ON login_try (tried_at);

-- Who is logged in, from where: what a person sees of the own sessions, and can end. Its row is the session's right to exist.
CREATE TABLE account_session (
    id         uuid PRIMARY KEY,
    account    uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,                      -- absolute
    address    text NOT NULL,
    agent      text NOT NULL
);
CREATE INDEX account_session_account ON account_session (account);
CREATE INDEX account_session_ends_at ON account_session (ends_at);

-- What the session library keeps: the secret in the browser's cookie, hashed. It changes with each log-in and each new password.
CREATE TABLE session (
    token           text PRIMARY KEY,
    data            bytea NOT NULL,
    expiry          timestamptz NOT NULL,
    account_session uuid NOT NULL UNIQUE REFERENCES account_session (id) ON DELETE CASCADE
);

-- How intake systems come in.
CREATE TABLE api_token (
    id         uuid PRIMARY KEY,
    account    uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name       text NOT NULL CHECK (name <> ''),
    hash       bytea NOT NULL UNIQUE,                     -- SHA-256 of 32 random bytes: nothing to guess, so nothing to slow down
    hint       text NOT NULL,                             -- the first characters, to tell tokens apart
    scopes     text[] NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at < '9999-12-31 00:00:00Z'),
    used_at    timestamptz,
    used_from  text,
    revoked_at timestamptz
);
CREATE INDEX api_token_account ON api_token (account);

-- +goose Down
DROP TABLE api_token, session, account_session, login_try, account_grant, account;
DROP FUNCTION account_grant_alone;
