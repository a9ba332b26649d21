-- Sign-ins that can be ended before their time, and an audit log that can be searched and only grows.
-- depends: 0004_people_and_alarms

-- A session lives from signing in until it ends, is not refreshed for too long, or is too old. Its instants are the
-- machine's, not the town's clock.
CREATE TABLE sessions (
    session_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_name text NOT NULL REFERENCES users ON DELETE CASCADE,
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX sessions_of_user ON sessions (user_name);
CREATE INDEX sessions_expired ON sessions (expires_at);

-- Each is good once; only the SHA-256 of it is kept.
CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- Whoever remembers who is signed in hears of it when that is over, whatever ended it.
CREATE FUNCTION announce_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('person_changed', NEW.user_name);
    RETURN NULL;
END $$;
CREATE TRIGGER sessions_announced AFTER UPDATE OF ended_at ON sessions
    FOR EACH ROW EXECUTE FUNCTION announce_person();
CREATE TRIGGER users_announced AFTER UPDATE OF role, contractor_id, vehicle_id, disabled_at ON users
    FOR EACH ROW EXECUTE FUNCTION announce_person();

-- happened_at is by the town's clock, recorded_at by the machine's: a simulation does not hide when it really was.
ALTER TABLE audit_log ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX audit_log_of_user ON audit_log (user_name, audit_id);
CREATE INDEX audit_log_of_subject ON audit_log (subject, audit_id);

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit log only grows.' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
