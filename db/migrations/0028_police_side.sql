-- Asking the police's register, as an outbox: when it is asked next, how often it was, why it has not answered.
ALTER TABLE fir ADD COLUMN attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0);
ALTER TABLE fir ADD COLUMN next_attempt_at timestamptz;
ALTER TABLE fir ADD COLUMN failure text NOT NULL DEFAULT '';
UPDATE fir SET next_attempt_at = requested_at WHERE state = 'requested';
ALTER TABLE fir ADD CONSTRAINT fir_asked_until_answered CHECK ((state = 'requested') = (next_attempt_at IS NOT NULL));
CREATE INDEX fir_to_register ON fir (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- An order taken in by mistake is withdrawn; the row stays, and the same order may be taken in anew.
ALTER TABLE court_order ADD COLUMN withdrawn_at timestamptz;
ALTER TABLE court_order ADD COLUMN withdrawn_by text;
ALTER TABLE court_order ADD COLUMN withdrawn_reason text NOT NULL DEFAULT '';
ALTER TABLE court_order ADD CONSTRAINT court_order_withdrawn CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL));
ALTER TABLE court_order DROP CONSTRAINT court_order_case_no_court_order_no_effect_key;
CREATE UNIQUE INDEX court_order_once ON court_order (case_no, court, order_no, effect) WHERE withdrawn_at IS NULL;

-- What a duty was promised when it opened: a change of policy moves none that is under way.
ALTER TABLE duty ADD COLUMN remind_at timestamptz;
ALTER TABLE duty ADD COLUMN escalate_at timestamptz;
UPDATE duty SET remind_at = due_at, escalate_at = due_at;
ALTER TABLE duty ALTER COLUMN remind_at SET NOT NULL;
ALTER TABLE duty ALTER COLUMN escalate_at SET NOT NULL;
ALTER TABLE duty ADD CONSTRAINT duty_in_order CHECK (remind_at <= due_at AND due_at <= escalate_at);

-- A bank is asked to hand on what its customer cannot be told directly.
ALTER TABLE message DROP CONSTRAINT message_to_whom_check;
ALTER TABLE message ADD CONSTRAINT message_to_whom_check
    CHECK (to_whom IN ('victim', 'holder', 'bank', 'io', 'officer'));
ALTER TABLE message ADD CONSTRAINT message_sent_or_to_send CHECK ((sent_at IS NOT NULL) <= (next_attempt_at IS NULL));
CREATE INDEX message_in_trouble ON message (written_at) WHERE sent_at IS NULL AND failure <> '';
