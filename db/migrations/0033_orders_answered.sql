-- How banks read orders, and how they answer them (docs/orders.md).

ALTER TABLE bank_order ADD COLUMN acknowledged_at timestamptz;
COMMENT ON COLUMN bank_order.acknowledged_at IS 'the bank has said that it has the order';
CREATE INDEX bank_order_by_bank ON bank_order (institution, planned_at, order_id);
CREATE INDEX bank_order_by_due ON bank_order (due_at, order_id);

ALTER TABLE bank_confirmation ADD COLUMN note text NOT NULL DEFAULT '';
COMMENT ON COLUMN bank_confirmation.note IS 'by an officer who wrote down what the bank said: who said it, and how';

-- Whoever waits for the bank's feed is woken once the order can be read there.
CREATE FUNCTION bank_order_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bank_feed', NEW.institution);
    RETURN NULL;
END $$;
CREATE TRIGGER bank_order_told AFTER UPDATE OF state ON bank_order
    FOR EACH ROW WHEN (NEW.state = 'delivered' AND OLD.state <> 'delivered') EXECUTE FUNCTION bank_order_told();

-- The links in letters about orders. Of the token only the digest is kept: who reads this table can open no link.
CREATE TABLE order_link (
    link_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_digest bytea NOT NULL UNIQUE CHECK (octet_length(token_digest) = 32),
    order_id uuid NOT NULL REFERENCES bank_order,
    institution text NOT NULL REFERENCES institution,
    sent_to text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CHECK (issued_at < expires_at)
);
CREATE INDEX order_link_order ON order_link (order_id);

-- A link is its order's bank's and nobody else's, and of it nothing changes but that it is used up, once.
CREATE FUNCTION order_link_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.used_at IS NOT NULL OR NOT EXISTS (
            SELECT FROM bank_order o WHERE o.order_id = NEW.order_id AND o.institution = NEW.institution
        ) THEN
            RAISE EXCEPTION 'a new link is unused and of the bank that is ordered'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'order_link_of_the_bank';
        END IF;
    ELSIF OLD.used_at IS NOT NULL OR NEW.used_at IS NULL
        OR (NEW.link_id, NEW.token_digest, NEW.order_id, NEW.institution, NEW.sent_to, NEW.issued_at, NEW.expires_at)
            IS DISTINCT FROM
            (OLD.link_id, OLD.token_digest, OLD.order_id, OLD.institution, OLD.sent_to, OLD.issued_at, OLD.expires_at)
    THEN
        RAISE EXCEPTION 'of a link only the use is written, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER order_link_rules BEFORE INSERT OR UPDATE ON order_link
    FOR EACH ROW EXECUTE FUNCTION order_link_rules();

-- Who answered, and the form as it was sent. One form is taken once, however often its button is pressed.
CREATE TABLE order_link_form (
    form_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link_id bigint NOT NULL REFERENCES order_link,
    received_at timestamptz NOT NULL,
    officer_name text NOT NULL CHECK (officer_name <> ''),
    officer_designation text NOT NULL CHECK (officer_designation <> ''),
    form jsonb NOT NULL CHECK (jsonb_typeof(form) = 'object'),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    UNIQUE (link_id, digest)
);
CREATE TRIGGER order_link_form_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_link_form
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
