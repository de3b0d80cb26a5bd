-- A stranger who reads a bank's mailbox must not answer for the bank: a letter has one live link, and a code to the
-- nodal officer's mobile confirms what moves money. A bank's feed says until when a hold is asked.
ALTER TABLE reply_link ADD COLUMN replaced_at timestamptz;

COMMENT ON COLUMN reply_link.replaced_at IS 'when a newer link about the same subject took its place';

-- Of several links about one subject the newest stays.
CREATE OR REPLACE FUNCTION reply_link_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.used_at IS NOT NULL OR NEW.replaced_at IS NOT NULL OR NOT EXISTS (
            SELECT FROM hold_request r
            WHERE NEW.subject_kind = 'hold_request' AND r.request_id = NEW.subject_id AND r.institution = NEW.institution
            UNION ALL SELECT FROM bank_order o
            WHERE NEW.subject_kind = 'order' AND o.order_id = NEW.subject_id AND o.institution = NEW.institution
        ) THEN
            RAISE EXCEPTION 'a new link is unused and of the bank that its subject is for'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'reply_link_of_the_bank';
        END IF;
        -- Of two letters at the same time the second waits here, and then sees the link of the first.
        PERFORM pg_advisory_xact_lock(hashtextextended('reply_link ' || NEW.subject_id, 0));
        UPDATE reply_link l SET replaced_at = greatest(l.issued_at, NEW.issued_at)
        WHERE l.subject_id = NEW.subject_id AND l.used_at IS NULL AND l.replaced_at IS NULL;
    ELSIF OLD.used_at IS NOT NULL OR (NEW.used_at IS NULL) = (NEW.replaced_at IS NOT DISTINCT FROM OLD.replaced_at)
        OR (OLD.replaced_at IS NOT NULL AND NEW.replaced_at IS DISTINCT FROM OLD.replaced_at)
        OR (NEW.link_id, NEW.subject_kind, NEW.subject_id, NEW.token_digest, NEW.institution, NEW.sent_to,
            NEW.issued_at, NEW.expires_at)
            IS DISTINCT FROM
            (OLD.link_id, OLD.subject_kind, OLD.subject_id, OLD.token_digest, OLD.institution, OLD.sent_to,
             OLD.issued_at, OLD.expires_at)
    THEN
        RAISE EXCEPTION 'of a link only the use is written, or its replacement, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

UPDATE reply_link l SET replaced_at = now() WHERE l.used_at IS NULL AND l.expires_at > now() AND EXISTS (
    SELECT FROM reply_link n WHERE n.subject_id = l.subject_id AND n.link_id > l.link_id);

CREATE TABLE link_code (
    code_id uuid PRIMARY KEY,
    subject_id uuid NOT NULL,
    officer_name text NOT NULL,
    mobile_end text NOT NULL,
    digest bytea NOT NULL CONSTRAINT link_code_digest_check CHECK (octet_length(digest) = 32),
    made_at timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0 CONSTRAINT link_code_tries_check CHECK (tries >= 0),
    used_at timestamptz,
    CONSTRAINT link_code_check CHECK (made_at < valid_until)
);

COMMENT ON TABLE link_code IS 'a one-time code that confirms what a bank''s officer states through the link of a letter';
COMMENT ON COLUMN link_code.subject_id IS 'the hold request or the order that the letter is about';
COMMENT ON COLUMN link_code.tries IS 'wrong tries';

CREATE INDEX link_code_subject ON link_code (subject_id, made_at);
CREATE INDEX link_code_made_at ON link_code (made_at);

ALTER TABLE reply_form ADD COLUMN confirmed_by text;

COMMENT ON COLUMN reply_form.confirmed_by IS
    'the nodal officer at whose registered mobile a code confirmed the form; empty: the desk telephones; null: no code was needed';

ALTER TABLE message DROP CONSTRAINT message_body_check,
    ADD CONSTRAINT message_body_check CHECK (body <> '' OR kind IN ('grievance_code', 'appeal_code', 'link_code')) NOT VALID;

-- A bank that may end a hold by itself must learn that a court or an approved restoration keeps it.
CREATE FUNCTION feed_hold_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE feed_entry f SET changed_at = now(), change_no = NULL
    WHERE f.request_id IN (
        SELECT r.request_id FROM hold_request r JOIN request_hop q USING (request_id)
        JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
        WHERE r.case_no = NEW.case_no AND r.institution = NEW.institution AND h.account_key = NEW.account_key);
    PERFORM pg_notify('bank_feed', NEW.institution);
    RETURN NULL;
END $$;

CREATE TRIGGER feed_hold_kept AFTER UPDATE OF retained_by_kind, lapses_at ON account_hold FOR EACH ROW
    WHEN ((OLD.retained_by_kind IS NULL) <> (NEW.retained_by_kind IS NULL) OR OLD.lapses_at < NEW.lapses_at)
    EXECUTE FUNCTION feed_hold_kept();
