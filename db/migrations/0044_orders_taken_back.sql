-- A bank that may know of an order is told when it is taken back; what else is ordered of that money waits for its word.

ALTER TABLE bank_order ADD COLUMN tried_at timestamptz;
COMMENT ON COLUMN bank_order.tried_at IS 'since when the bank may know of the order: written before it is first put before it';
UPDATE bank_order SET tried_at = coalesce(delivered_at, planned_at) WHERE state <> 'cancelled' OR delivered_at IS NOT NULL;

-- A row for every order that was taken back after its bank may have known of it. Written by the order itself.
CREATE TABLE order_cancellation (
    order_id uuid PRIMARY KEY REFERENCES bank_order,
    cancelled_at timestamptz NOT NULL,
    told_at timestamptz,
    channel text,
    level text CHECK (level IN ('desk_task', 'supervisor')),
    level_at timestamptz,
    settled_at timestamptz,
    settled_by text,
    note text NOT NULL DEFAULT '',
    CHECK ((told_at IS NULL) = (channel IS NULL)),
    CHECK ((level IS NULL) = (level_at IS NULL)),
    CHECK ((settled_at IS NULL) = (settled_by IS NULL)),
    -- Whoever is not the bank says how they know that it was told.
    CONSTRAINT order_cancellation_vouched CHECK (settled_by IS NULL OR settled_by LIKE 'bank:%' OR note <> '')
) WITH (fillfactor = 80);
CREATE INDEX order_cancellation_open ON order_cancellation (order_id) WHERE settled_at IS NULL;
COMMENT ON COLUMN order_cancellation.settled_at IS 'the bank has said that it does the order no more, or an officer that it was told';

CREATE FUNCTION order_cancellation_settled_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the cancellation of order % is settled', OLD.order_id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'order_cancellation_settled_once';
END $$;
CREATE TRIGGER order_cancellation_settled_once BEFORE UPDATE OR DELETE ON order_cancellation
    FOR EACH ROW WHEN (OLD.settled_at IS NOT NULL) EXECUTE FUNCTION order_cancellation_settled_once();

CREATE FUNCTION bank_order_cancelled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO order_cancellation (order_id, cancelled_at) VALUES (NEW.order_id, NEW.ended_at);
    RETURN NULL;
END $$;
CREATE TRIGGER bank_order_cancelled AFTER UPDATE OF state ON bank_order
    FOR EACH ROW WHEN (NEW.state = 'cancelled' AND OLD.state <> 'cancelled' AND NEW.tried_at IS NOT NULL)
    EXECUTE FUNCTION bank_order_cancelled();

-- Nothing is put before a bank that asks for money of a hop of which it may still carry out an order taken back.
CREATE FUNCTION bank_order_tried() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.tried_at := coalesce(OLD.tried_at, NEW.tried_at, NEW.delivered_at);
    IF OLD.tried_at IS NOT NULL OR NEW.tried_at IS NULL THEN
        RETURN NEW;
    END IF;
    PERFORM FROM case_file WHERE case_no = NEW.case_no FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM bank_order_line mine JOIN bank_order_line other USING (case_no, hop_no)
        JOIN order_cancellation c ON c.order_id = other.order_id
        WHERE mine.order_id = NEW.order_id AND other.order_id <> NEW.order_id AND c.settled_at IS NULL
    ) THEN
        RAISE EXCEPTION 'order % waits: the bank has not said that it does an earlier one no more', NEW.order_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_order_waits';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_order_tried BEFORE UPDATE ON bank_order
    FOR EACH ROW WHEN (NEW.tried_at IS DISTINCT FROM OLD.tried_at OR (NEW.tried_at IS NULL AND NEW.delivered_at IS NOT NULL))
    EXECUTE FUNCTION bank_order_tried();

ALTER TABLE bank_order_carriage ADD COLUMN cancellation boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN bank_order_carriage.cancellation IS 'of the word that the order is taken back, not of the order';

-- How often the supervisor was told of an order that nobody carries out.
ALTER TABLE bank_order ADD COLUMN level_times integer NOT NULL DEFAULT 0 CHECK (level_times >= 0);

-- Which way the bank's word came: one credit may be told over two of them.
ALTER TABLE bank_confirmation ADD COLUMN via text NOT NULL DEFAULT '' CHECK (via IN ('', 'door', 'file', 'letter', 'officer'));
ALTER TABLE bank_confirmation ADD COLUMN proposed_by text;
COMMENT ON COLUMN bank_confirmation.proposed_by IS 'the officer who wrote the word down first; another one agreed to it';
-- As with resolutions: one officer alone takes nothing out of `held`.
ALTER TABLE bank_confirmation ADD CONSTRAINT bank_confirmation_four_eyes
    CHECK (via <> 'officer' OR applied_paise = 0 OR (proposed_by IS NOT NULL AND proposed_by <> source));

-- What an officer wrote down of a bank's word, until a second one says the same.
CREATE TABLE confirmation_proposal (
    proposal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES bank_order,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    lines jsonb NOT NULL,
    note text NOT NULL CHECK (note <> ''),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    agreed_by text,
    agreed_at timestamptz,
    CHECK ((agreed_by IS NULL) = (agreed_at IS NULL)),
    CONSTRAINT confirmation_proposal_four_eyes CHECK (agreed_by <> proposed_by)
);
COMMENT ON COLUMN confirmation_proposal.digest IS 'of the lines';
CREATE UNIQUE INDEX confirmation_proposal_open ON confirmation_proposal (order_id, digest) WHERE agreed_at IS NULL;
CREATE INDEX confirmation_proposal_order ON confirmation_proposal (order_id);
