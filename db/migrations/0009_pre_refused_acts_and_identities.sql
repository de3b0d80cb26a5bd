-- A refused act left a line without its caller. Each one of a known caller is now in an append-only log.
CREATE TABLE refused_act (
    act_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    caller text CHECK (caller ~ '^(officer|script|bank):.' AND length(caller) <= 200),
    is_proven boolean NOT NULL,
    session_id uuid,
    token_id bigint,
    method text NOT NULL CHECK (method ~ '^[A-Z]{1,10}$'),
    route text NOT NULL CHECK (route <> '' AND length(route) <= 200),
    status smallint NOT NULL CHECK (status BETWEEN 400 AND 499),
    code text NOT NULL CHECK (code ~ '^[a-z0-9]+(_[a-z0-9]+)*$' AND length(code) <= 100),
    address text NOT NULL CHECK (length(address) <= 64),
    times integer NOT NULL CHECK (times > 0),
    CONSTRAINT refused_act_proven_of_somebody CHECK (NOT is_proven OR caller IS NOT NULL)
);
CREATE INDEX refused_act_by_caller ON refused_act (caller, act_id);
CREATE INDEX refused_act_by_time ON refused_act (at);
COMMENT ON TABLE refused_act IS 'which acts of officers, scripts and banks were refused';
COMMENT ON COLUMN refused_act.caller IS 'null for the login of an e-mail that no bank has';
COMMENT ON COLUMN refused_act.is_proven IS
    'whether the credential was genuine, even if it was over; else anybody may have named this caller';
COMMENT ON COLUMN refused_act.route IS
    'the template of the route; a hyphen if there is none, an asterisk for the further lines of a caller in a minute';
COMMENT ON COLUMN refused_act.times IS 'such acts that were refused in the minute before';

CREATE TRIGGER refused_act_append_only BEFORE UPDATE OR TRUNCATE ON refused_act
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- As long as the read log is kept. Older rows go by the policy.
CREATE TRIGGER refused_act_kept_for_a_year BEFORE DELETE ON refused_act
    FOR EACH ROW WHEN (OLD.at > present_moment() - interval '365 days') EXECUTE FUNCTION refuse_change();

-- A provider may give an e-mail address to another person. Its own name for a person (`sub`) is never given again, so the
-- first sign-in binds the officer to it. A reset of the officer ends that.
CREATE TABLE provider_identity (
    issuer text NOT NULL CHECK (issuer <> '' AND length(issuer) <= 400),
    officer_id text NOT NULL CHECK (officer_id <> ''),
    subject text NOT NULL CHECK (subject <> '' AND length(subject) <= 255),
    bound_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, officer_id),
    CONSTRAINT provider_identity_of_one_officer UNIQUE (issuer, subject)
);
COMMENT ON TABLE provider_identity IS 'which person of an identity provider an officer is';
COMMENT ON COLUMN provider_identity.subject IS 'the name that the provider never gives to another person: its claim `sub`';
CREATE TRIGGER provider_identity_kept BEFORE UPDATE OR TRUNCATE ON provider_identity
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
