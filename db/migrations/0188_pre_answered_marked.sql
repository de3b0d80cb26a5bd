-- A bank reads what it has answered, the newest first. Without a mark this read its whole feed, and its newest orders only.
ALTER TABLE feed_entry ADD COLUMN is_answered boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN feed_entry.is_answered IS 'whether the bank has answered the request, in full or in part';
ALTER TABLE bank_order ADD COLUMN first_confirmed_at timestamptz;
COMMENT ON COLUMN bank_order.first_confirmed_at IS 'when the bank first stated that a part of the order is done';

CREATE OR REPLACE FUNCTION feed_request_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feed_entry (request_id, institution, status, changed_at, is_answered)
    VALUES (NEW.request_id, NEW.institution, feed_status(NEW.state), now(), NEW.first_answered_at IS NOT NULL)
    ON CONFLICT (request_id) DO UPDATE SET status = EXCLUDED.status, changed_at = EXCLUDED.changed_at, change_no = NULL,
        is_answered = EXCLUDED.is_answered;
    PERFORM pg_notify('bank_feed', NEW.institution);
    RETURN NULL;
END $$;

CREATE FUNCTION bank_order_confirmed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE bank_order SET first_confirmed_at = NEW.received_at WHERE order_id = NEW.order_id AND first_confirmed_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_order_confirmed AFTER INSERT ON bank_confirmation FOR EACH ROW EXECUTE FUNCTION bank_order_confirmed();
