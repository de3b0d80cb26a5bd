-- These read the tables while others write. The triggers come last, because making them stops writers.
ALTER TABLE court_order VALIDATE CONSTRAINT court_order_withdrawal_asked;

-- A rule of the table would also judge orders that one officer withdrew before, so a trigger judges the withdrawal.
-- The officer who recorded an order may take it back alone, as long as no second officer has confirmed it.
CREATE FUNCTION court_order_withdrawn_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.ended_as IS NULL AND NEW.effect IN ('keep_hold', 'restore')
        AND NOT (NEW.second_needed AND NEW.confirmed_at IS NULL AND person_of(NEW.withdrawn_by) = person_of(NEW.taken_by))
        AND (OLD.withdrawal_asked_by IS NULL OR person_of(NEW.withdrawn_by) = person_of(OLD.withdrawal_asked_by)) THEN
        RAISE EXCEPTION 'two people withdraw an order that retains holds'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'court_order_withdrawn_by_two';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER court_order_withdrawn_by_two BEFORE UPDATE ON court_order
    FOR EACH ROW WHEN (OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL)
    EXECUTE FUNCTION court_order_withdrawn_by_two();

-- A bank keeps the link of its letter until the next letter is sent. The process that sends it then replaces the link.
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

COMMENT ON COLUMN reply_link.replaced_at IS 'when a newer letter about the same subject was sent, with a link of its own';

-- The purge deletes an ended link by the present moment, and so does the rule.
CREATE OR REPLACE FUNCTION reply_link_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR OLD.expires_at > present_moment() THEN
        RAISE EXCEPTION 'a row of reply_link is deleted only after the link has ended unused'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;

CREATE OR REPLACE FUNCTION feed_hold_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE feed_entry f SET changed_at = present_moment(), change_no = NULL
    WHERE f.request_id IN (
        SELECT r.request_id FROM hold_request r JOIN request_hop q USING (request_id)
        JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
        WHERE r.case_no = NEW.case_no AND r.institution = NEW.institution AND h.account_key = NEW.account_key);
    PERFORM pg_notify('bank_feed', NEW.institution);
    RETURN NULL;
END $$;
