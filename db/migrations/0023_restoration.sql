-- The way home: what becomes of held money, by whom, under which order, and by when.

-- Every hop that has had money on hold; `taken_up_at` is null until the engine has begun what follows from it.
-- Written by the ledger itself, so that no hold is without its clock.
CREATE TABLE held_hop (
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    held_at timestamptz NOT NULL,
    taken_up_at timestamptz,
    PRIMARY KEY (case_no, hop_no),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop
) WITH (fillfactor = 80);
CREATE INDEX held_hop_not_taken_up ON held_hop (held_at) WHERE taken_up_at IS NULL;

CREATE OR REPLACE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Not one upsert: a check is tried on the proposed row too, and a proposed row may well be below zero.
    WITH delta AS (
        SELECT case_no, hop_no, bucket, sum(amount_paise) AS paise FROM entered GROUP BY case_no, hop_no, bucket
    ), changed AS (
        UPDATE ledger_balance b SET balance_paise = b.balance_paise + d.paise FROM delta d
        WHERE b.case_no = d.case_no AND b.hop_no = d.hop_no AND b.bucket = d.bucket
        RETURNING b.case_no, b.hop_no, b.bucket
    )
    INSERT INTO ledger_balance (case_no, hop_no, bucket, balance_paise)
    SELECT d.* FROM delta d WHERE NOT EXISTS (
        SELECT FROM changed c WHERE c.case_no = d.case_no AND c.hop_no = d.hop_no AND c.bucket = d.bucket
    );
    INSERT INTO held_hop (case_no, hop_no, held_at)
    SELECT e.case_no, e.hop_no, min(t.at) FROM entered e JOIN ledger_transaction t USING (transaction_id)
    WHERE e.bucket = 'held' AND e.amount_paise > 0 GROUP BY e.case_no, e.hop_no
    ON CONFLICT (case_no, hop_no) DO UPDATE SET taken_up_at = NULL;
    RETURN NULL;
END $$;

INSERT INTO held_hop (case_no, hop_no, held_at)
SELECT e.case_no, e.hop_no, min(t.at) FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
WHERE e.bucket = 'held' AND e.amount_paise > 0 GROUP BY e.case_no, e.hop_no;

-- A procedure is a workflow that keeps the clocks of one row below. The row is the outbox: it is started when
-- `started_at` is null, and told to look again by its news.
CREATE TABLE procedure (
    workflow_id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('restoration', 'hold', 'grievance', 'order', 'duties')),
    subject text NOT NULL,
    case_no text NOT NULL REFERENCES case_file,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    UNIQUE (kind, subject)
) WITH (fillfactor = 80);
CREATE INDEX procedure_not_started ON procedure (created_at) WHERE started_at IS NULL;
CREATE INDEX procedure_running ON procedure (started_at) WHERE ended_at IS NULL;

CREATE TABLE procedure_news (
    news_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workflow_id text NOT NULL REFERENCES procedure,
    created_at timestamptz NOT NULL,
    signalled_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX procedure_news_unsignalled ON procedure_news (news_id) WHERE signalled_at IS NULL;
CREATE INDEX procedure_news_signalled ON procedure_news (signalled_at) WHERE signalled_at IS NOT NULL;

-- Who of the police answers for a case; the newest of a duty stands.
CREATE TABLE case_officer (
    case_no text NOT NULL REFERENCES case_file,
    duty text NOT NULL CHECK (duty IN ('io', 'supervising')),
    assignment_no integer NOT NULL CHECK (assignment_no > 0),
    -- the name on the officer's token: by it the four eyes are told apart
    subject text NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    rank text NOT NULL CHECK (rank <> ''),
    police_station text NOT NULL CHECK (police_station <> ''),
    district text NOT NULL,
    phone text NOT NULL,
    email text NOT NULL DEFAULT '',
    assigned_by text NOT NULL,
    assigned_at timestamptz NOT NULL,
    PRIMARY KEY (case_no, duty, assignment_no)
);

-- A first information report, or the asking for one.
CREATE TABLE fir (
    fir_id uuid PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file,
    kind text NOT NULL CHECK (kind IN ('fir', 'zero_fir', 'e_zero_fir')),
    state text NOT NULL CHECK (state IN ('requested', 'registered', 'signed', 'lapsed', 'refused')),
    fir_no text,
    police_station text NOT NULL DEFAULT '',
    sections text[] NOT NULL DEFAULT '{}',
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    registered_at timestamptz,
    -- an e-Zero FIR lapses unless the complainant signs it by then
    sign_by timestamptz,
    signed_at timestamptz,
    refusal text NOT NULL DEFAULT '',
    document_digest bytea CHECK (octet_length(document_digest) = 32),
    CHECK ((state IN ('registered', 'signed', 'lapsed')) = (fir_no IS NOT NULL)),
    CHECK ((fir_no IS NULL) = (registered_at IS NULL)),
    CHECK ((state = 'signed') <= (signed_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX fir_one_live ON fir (case_no) WHERE state IN ('requested', 'registered', 'signed');
CREATE INDEX fir_case ON fir (case_no);

-- An order of a court, a Lok Adalat or a District Magistrate, as an officer has taken it in.
CREATE TABLE court_order (
    court_order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file,
    kind text NOT NULL CHECK (kind IN ('bnss_497', 'bnss_503', 'bnss_106', 'bnss_107', 'lok_adalat', 'writ')),
    effect text NOT NULL CHECK (effect IN ('restore', 'release', 'keep_hold', 'refuse')),
    court text NOT NULL CHECK (court <> ''),
    order_no text NOT NULL CHECK (order_no <> ''),
    made_on date NOT NULL,
    -- null: whatever is held under it
    amount_paise bigint CHECK (amount_paise > 0),
    -- null: every account of the case
    institution text REFERENCES institution,
    account_key text,
    document bytea,
    document_digest bytea CHECK (document_digest = sha256(document)),
    taken_by text NOT NULL,
    taken_at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    UNIQUE (case_no, court, order_no, effect),
    CHECK ((institution IS NULL) = (account_key IS NULL))
);
CREATE INDEX court_order_case ON court_order (case_no);

-- One case's money on hold at one account: what its holder is told of, may appeal against, and what lapses.
CREATE TABLE account_hold (
    hold_id uuid PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file,
    institution text NOT NULL REFERENCES institution,
    account_key text NOT NULL,
    -- what the holder is given to appeal with; says nothing of case or account
    reference text NOT NULL UNIQUE CHECK (reference ~ '^[A-Z0-9]{10}$'),
    state text NOT NULL CHECK (state IN ('held', 'ended')),
    first_held_at timestamptz NOT NULL,
    lapses_at timestamptz NOT NULL,
    holder_told_at timestamptz,
    warned_days integer,
    -- why it does not lapse: "court_order 12", "restoration <id>"
    kept_by text,
    small boolean NOT NULL DEFAULT false,
    policy jsonb NOT NULL,
    ended_at timestamptz,
    UNIQUE (case_no, institution, account_key),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK (first_held_at < lapses_at)
) WITH (fillfactor = 80);
CREATE INDEX account_hold_account ON account_hold (institution, account_key);
CREATE INDEX account_hold_lapsing ON account_hold (lapses_at) WHERE state = 'held';

-- Giving one victim's held money back. A later hold of a closed restoration is the next round.
CREATE TABLE restoration (
    restoration_id uuid PRIMARY KEY,
    case_no text NOT NULL,
    ack_no text NOT NULL,
    round_no integer NOT NULL CHECK (round_no > 0),
    state text NOT NULL CHECK (state IN ('open', 'restored', 'refused', 'cancelled')),
    step text NOT NULL,
    visit_no integer NOT NULL DEFAULT 1 CHECK (visit_no > 0),
    route text CHECK (route IN ('no_court', 'court', 'lok_adalat', 'magistrate_107')),
    -- [code, …]: why this route; the amounts and the thresholds stand in the event
    route_reasons jsonb NOT NULL DEFAULT '[]',
    -- what it was promised: version, waits, thresholds
    policy jsonb NOT NULL,
    -- the clock: the victim's first hold, not an application
    first_held_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    -- whoever made the order ready never approves it
    prepared_by text,
    approved_by text,
    closed_at timestamptz,
    closed_by text,
    reason text NOT NULL DEFAULT '',
    FOREIGN KEY (case_no, ack_no) REFERENCES complaint (case_no, ack_no),
    UNIQUE (ack_no, round_no),
    CHECK ((state = 'open') = (closed_at IS NULL)),
    CONSTRAINT restoration_four_eyes CHECK (approved_by IS NULL OR (prepared_by IS NOT NULL AND prepared_by <> approved_by))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX restoration_one_open ON restoration (ack_no) WHERE state = 'open';
CREATE INDEX restoration_case ON restoration (case_no);
CREATE INDEX restoration_open ON restoration (step, first_held_at) WHERE state = 'open';

-- Each visit_no of each step, with its own clock. A step that is sent back opens its next visit_no.
CREATE TABLE restoration_step (
    restoration_id uuid NOT NULL REFERENCES restoration,
    step text NOT NULL,
    visit_no integer NOT NULL CHECK (visit_no > 0),
    opened_at timestamptz NOT NULL,
    due_at timestamptz,
    reminded_at timestamptz,
    escalated_at timestamptz,
    ended_at timestamptz,
    ended_by text,
    outcome text CHECK (outcome IN ('done', 'refused', 'sent_back', 'cancelled', 'skipped')),
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (restoration_id, step, visit_no),
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX restoration_step_one_open ON restoration_step (restoration_id) WHERE ended_at IS NULL;

-- Dividing what is held on one account between the victims whose money came there.
CREATE TABLE allocation (
    allocation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution text NOT NULL,
    account_key text NOT NULL,
    rule text NOT NULL CHECK (rule IN ('pro_rata', 'fifo', 'lifo')),
    pot_paise bigint NOT NULL CHECK (pot_paise > 0),
    claims_paise bigint NOT NULL CHECK (claims_paise >= pot_paise),
    policy_version text NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL
);
CREATE TABLE allocation_share (
    allocation_id bigint NOT NULL REFERENCES allocation,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    ack_no text NOT NULL REFERENCES complaint,
    claim_paise bigint NOT NULL CHECK (claim_paise > 0),
    held_before_paise bigint NOT NULL CHECK (held_before_paise >= 0),
    share_paise bigint NOT NULL CHECK (share_paise BETWEEN 0 AND claim_paise),
    PRIMARY KEY (allocation_id, case_no, hop_no),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop
);

-- Every share of an allocation together is the pot: nothing over, nothing left.
CREATE FUNCTION allocation_check_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    off bigint;
BEGIN
    SELECT a.pot_paise - coalesce(sum(s.share_paise), 0) INTO off
    FROM allocation a LEFT JOIN allocation_share s USING (allocation_id)
    WHERE a.allocation_id = NEW.allocation_id GROUP BY a.allocation_id;
    IF off <> 0 THEN
        RAISE EXCEPTION 'allocation % is off by % paise', NEW.allocation_id, off
            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_whole';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER allocation_whole AFTER INSERT ON allocation DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION allocation_check_whole();
CREATE CONSTRAINT TRIGGER allocation_share_whole AFTER INSERT ON allocation_share DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION allocation_check_whole();
CREATE TRIGGER allocation_append_only BEFORE UPDATE OR DELETE ON allocation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER allocation_share_append_only BEFORE UPDATE OR DELETE ON allocation_share
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The money of a victim that one restoration is about, a row for each hop with money on hold.
CREATE TABLE restoration_line (
    restoration_id uuid NOT NULL REFERENCES restoration,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    hold_id uuid NOT NULL REFERENCES account_hold,
    allocation_id bigint REFERENCES allocation,
    PRIMARY KEY (restoration_id, hop_no),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop
);
CREATE INDEX restoration_line_hop ON restoration_line (case_no, hop_no);

-- What the holder, or anybody else, says against a restoration.
CREATE TABLE objection (
    objection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    restoration_id uuid NOT NULL REFERENCES restoration,
    hold_id uuid REFERENCES account_hold,
    by_whom text NOT NULL CHECK (by_whom IN ('holder', 'bank', 'victim', 'other')),
    text text NOT NULL CHECK (text <> ''),
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    decision text CHECK (decision IN ('upheld', 'dismissed')),
    decided_at timestamptz,
    decided_by text,
    reason text NOT NULL DEFAULT '',
    CHECK ((decision IS NULL) = (decided_at IS NULL))
);
CREATE INDEX objection_restoration ON objection (restoration_id);

-- What an account holder asks: take the hold off, or a part of it.
CREATE TABLE grievance (
    grievance_id uuid PRIMARY KEY,
    hold_id uuid NOT NULL REFERENCES account_hold,
    case_no text NOT NULL REFERENCES case_file,
    state text NOT NULL CHECK (state IN ('open', 'upheld', 'part_released', 'released', 'withdrawn')),
    level text NOT NULL CHECK (level IN ('bank', 'io', 'dy_sp', 'district_gro', 'state_gro')),
    text text NOT NULL CHECK (text <> ''),
    contact text NOT NULL DEFAULT '',
    language text NOT NULL CHECK (language IN ('en', 'hi')),
    policy jsonb NOT NULL,
    opened_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    released_paise bigint CHECK (released_paise > 0),
    reason text NOT NULL DEFAULT '',
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((state IN ('part_released', 'released')) = (released_paise IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX grievance_one_open ON grievance (hold_id) WHERE state = 'open';
CREATE INDEX grievance_case ON grievance (case_no);
CREATE TABLE grievance_level (
    grievance_id uuid NOT NULL REFERENCES grievance,
    level text NOT NULL,
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    outcome text CHECK (outcome IN ('reported', 'decided', 'escalated', 'withdrawn')),
    finding text NOT NULL DEFAULT '',
    PRIMARY KEY (grievance_id, level),
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
) WITH (fillfactor = 80);

-- An order to a bank: credit the victims, or lift the hold.
CREATE TABLE bank_order (
    order_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('restore', 'release')),
    reason text NOT NULL CHECK (reason IN ('restoration', 'lapsed', 'grievance', 'objection', 'excess', 'court', 'leftover')),
    case_no text NOT NULL REFERENCES case_file,
    institution text NOT NULL REFERENCES institution,
    restoration_id uuid REFERENCES restoration,
    grievance_id uuid REFERENCES grievance,
    court_order_id bigint REFERENCES court_order,
    state text NOT NULL CHECK (state IN ('planned', 'delivered', 'refused', 'confirmed', 'cancelled')),
    ordered_by text NOT NULL,
    planned_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    delivered_at timestamptz,
    channel text,
    job_id text,
    round integer NOT NULL DEFAULT 0,
    level text,
    level_at timestamptz,
    refusal_code text,
    refusal_message text,
    ended_at timestamptz,
    ended_reason text NOT NULL DEFAULT '',
    policy jsonb NOT NULL,
    CHECK ((kind = 'restore') = (reason = 'restoration')),
    CHECK ((reason = 'restoration') = (restoration_id IS NOT NULL)),
    CHECK ((reason = 'grievance') = (grievance_id IS NOT NULL)),
    CHECK ((state IN ('confirmed', 'cancelled')) = (ended_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX bank_order_case ON bank_order (case_no);
CREATE INDEX bank_order_restoration ON bank_order (restoration_id) WHERE restoration_id IS NOT NULL;
CREATE INDEX bank_order_live ON bank_order (institution, due_at) WHERE state IN ('planned', 'delivered', 'refused');

CREATE TABLE bank_order_line (
    order_id uuid NOT NULL REFERENCES bank_order,
    line_no integer NOT NULL CHECK (line_no > 0),
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    hold_id uuid NOT NULL REFERENCES account_hold,
    amount_paise bigint NOT NULL CHECK (amount_paise > 0),
    -- not in the ledger: what the bank holds above what is traceable
    excess boolean NOT NULL DEFAULT false,
    -- where a restoration is to be credited: the account the victim paid from
    ack_no text REFERENCES complaint,
    beneficiary_institution text NOT NULL DEFAULT '',
    beneficiary_holder text NOT NULL DEFAULT '',
    beneficiary_ifsc text NOT NULL DEFAULT '',
    confirmed_paise bigint NOT NULL DEFAULT 0 CHECK (confirmed_paise BETWEEN 0 AND amount_paise),
    PRIMARY KEY (order_id, line_no),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop
) WITH (fillfactor = 80);
CREATE INDEX bank_order_line_hop ON bank_order_line (case_no, hop_no);

-- All orders about a hop together never ask for more than is on hold there: no rupee is ordered twice.
CREATE FUNCTION bank_order_line_covered() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ordered bigint;
    held bigint;
BEGIN
    PERFORM FROM case_file WHERE case_no = NEW.case_no FOR NO KEY UPDATE;
    SELECT coalesce(sum(l.amount_paise - l.confirmed_paise), 0) INTO ordered
    FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = NEW.case_no AND l.hop_no = NEW.hop_no AND NOT l.excess AND o.state IN ('planned', 'delivered', 'refused');
    SELECT coalesce(sum(b.balance_paise), 0) INTO held
    FROM ledger_balance b WHERE b.case_no = NEW.case_no AND b.hop_no = NEW.hop_no AND b.bucket = 'held';
    IF ordered > held THEN
        RAISE EXCEPTION 'orders about hop % of case % ask for % paise of % held', NEW.hop_no, NEW.case_no, ordered, held
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_order_line_covered';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bank_order_line_covered AFTER INSERT ON bank_order_line DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION bank_order_line_covered();

CREATE TABLE bank_order_carriage (
    carriage_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES bank_order,
    channel text NOT NULL,
    at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'failed', 'refused', 'silent')),
    detail text NOT NULL DEFAULT ''
);
CREATE INDEX bank_order_carriage_order ON bank_order_carriage (order_id);

-- What a bank says it has done under an order: credited, or lifted. Every word is kept, the same word once.
CREATE TABLE bank_confirmation (
    confirmation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL,
    line_no integer,
    natural_key text NOT NULL,
    amount_paise bigint NOT NULL CHECK (amount_paise > 0),
    applied_paise bigint NOT NULL CHECK (applied_paise BETWEEN 0 AND amount_paise),
    done_at timestamptz,
    reference text NOT NULL DEFAULT '',
    credited_institution text NOT NULL DEFAULT '',
    credited_holder text NOT NULL DEFAULT '',
    disposition text NOT NULL CHECK (disposition IN ('applied', 'discrepancy', 'duplicate')),
    flags jsonb NOT NULL DEFAULT '[]',
    received_at timestamptz NOT NULL,
    source text NOT NULL,
    transaction_id bigint REFERENCES ledger_transaction,
    FOREIGN KEY (order_id) REFERENCES bank_order
);
CREATE UNIQUE INDEX bank_confirmation_once ON bank_confirmation (order_id, natural_key) WHERE disposition <> 'duplicate';

-- A document as it was issued: its facts, its bytes, its number. Never changed; a wrong one is replaced by the next.
CREATE TABLE document (
    document_id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    kind text NOT NULL,
    case_no text NOT NULL REFERENCES case_file,
    ack_no text REFERENCES complaint,
    institution text REFERENCES institution,
    restoration_id uuid REFERENCES restoration,
    grievance_id uuid REFERENCES grievance,
    order_id uuid REFERENCES bank_order,
    hold_id uuid REFERENCES account_hold,
    request_id uuid REFERENCES hold_request,
    language text NOT NULL CHECK (language IN ('en', 'hi')),
    template_version text NOT NULL,
    facts jsonb NOT NULL,
    pdf bytea NOT NULL,
    digest bytea NOT NULL CHECK (digest = sha256(pdf)),
    issued_at timestamptz NOT NULL,
    issued_by text NOT NULL
);
CREATE INDEX document_case ON document (case_no);
CREATE TRIGGER document_append_only BEFORE UPDATE OR DELETE ON document FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TABLE document_counter (
    series text PRIMARY KEY,
    last_number bigint NOT NULL
) WITH (fillfactor = 50);

-- What the law asks of the police after a hold, each with its own clock.
CREATE TABLE duty (
    case_no text NOT NULL REFERENCES case_file,
    kind text NOT NULL CHECK (kind IN ('magistrate_report', 'follow_up', 'fir_signature')),
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    reminded_at timestamptz,
    escalated_at timestamptz,
    done_at timestamptz,
    done_by text,
    document_id uuid REFERENCES document,
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (case_no, kind)
) WITH (fillfactor = 80);
CREATE INDEX duty_open ON duty (due_at) WHERE done_at IS NULL;

-- A message to a victim or a holder, by SMS or e-mail.
CREATE TABLE message (
    message_id uuid PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file,
    kind text NOT NULL,
    to_whom text NOT NULL CHECK (to_whom IN ('victim', 'holder', 'io', 'officer')),
    medium text NOT NULL CHECK (medium IN ('sms', 'email')),
    address text NOT NULL CHECK (address <> ''),
    language text NOT NULL CHECK (language IN ('en', 'hi')),
    subject text NOT NULL DEFAULT '',
    body text NOT NULL CHECK (body <> ''),
    document_id uuid REFERENCES document,
    natural_key text NOT NULL UNIQUE,
    written_at timestamptz NOT NULL,
    sent_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    failure text NOT NULL DEFAULT ''
) WITH (fillfactor = 80);
CREATE INDEX message_to_send ON message (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX message_case ON message (case_no);

ALTER TABLE victim ADD COLUMN language text NOT NULL DEFAULT 'hi' CHECK (language IN ('en', 'hi'));
ALTER TABLE victim ADD COLUMN email text NOT NULL DEFAULT '';
