-- The case log: append-only, numbered per case without gaps, each event chained to the one before it by SHA-256.

CREATE TABLE case_event (
    case_no text NOT NULL REFERENCES case_file,
    seq bigint NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    data jsonb NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (case_no, seq)
);

CREATE FUNCTION case_event_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The case's row is the lock: events of one case are written one after the other.
    SELECT event_seq + 1, event_hash INTO NEW.seq, NEW.previous_hash
    FROM case_file WHERE case_no = NEW.case_no FOR NO KEY UPDATE;
    NEW.hash := sha256(NEW.previous_hash || convert_to(concat_ws(E'\n',
        NEW.case_no, NEW.seq, NEW.kind, (extract(epoch FROM NEW.at) * 1000000)::bigint, NEW.actor, NEW.data::text), 'UTF8'));
    UPDATE case_file SET event_seq = NEW.seq, event_hash = NEW.hash WHERE case_no = NEW.case_no;
    PERFORM pg_notify('case_event', NEW.case_no);
    RETURN NEW;
END $$;

CREATE TRIGGER case_event_chain BEFORE INSERT ON case_event FOR EACH ROW EXECUTE FUNCTION case_event_chain();
CREATE TRIGGER case_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER answer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON answer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
