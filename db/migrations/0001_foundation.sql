-- The memory of the engine. Accounts are text, money is bigint paise, time is timestamptz.

CREATE TABLE institution (
    code text PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL,
    answer_class text NOT NULL,
    ifsc_prefixes text[] NOT NULL DEFAULT '{}',
    vpa_handles text[] NOT NULL DEFAULT '{}',
    aliases text[] NOT NULL DEFAULT '{}',
    desk_email text NOT NULL DEFAULT '',
    nodal_name text NOT NULL DEFAULT '',
    nodal_email text NOT NULL DEFAULT '',
    nodal_mobile text NOT NULL DEFAULT '',
    -- how the institution is reached, sealed under the engine's secret key: it holds the password and the keys
    wire_sealed bytea,
    inbound_email text UNIQUE,
    inbound_password_hash text,
    updated_at timestamptz NOT NULL
);

CREATE TABLE case_file (
    case_no text PRIMARY KEY CHECK (case_no ~ '^\d{14}$'),
    state text NOT NULL CHECK (state IN ('open', 'settled')),
    opened_at timestamptz NOT NULL,
    settled_at timestamptz,
    -- when the workflow was started for the present opening; null is what the sweep looks for
    workflow_started_at timestamptz,
    policy jsonb NOT NULL,
    -- the first of each, for the turnaround times
    first_sent_at timestamptz,
    first_delivered_at timestamptz,
    first_answered_at timestamptz,
    first_held_at timestamptz,
    last_hop_no integer NOT NULL DEFAULT 0,
    last_batch_no integer NOT NULL DEFAULT 0,
    event_seq bigint NOT NULL DEFAULT 0,
    event_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    CHECK ((state = 'settled') = (settled_at IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX case_file_not_started ON case_file (opened_at) WHERE workflow_started_at IS NULL AND state = 'open';
CREATE INDEX case_file_opened ON case_file (opened_at DESC, case_no DESC);

CREATE TABLE victim (
    victim_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    mobile text NOT NULL,
    district text NOT NULL,
    woman boolean NOT NULL,
    child boolean NOT NULL,
    senior boolean NOT NULL
);

CREATE SEQUENCE ack_serial MINVALUE 0 MAXVALUE 9999999 START 0 CYCLE;

CREATE TABLE complaint (
    ack_no text PRIMARY KEY CHECK (ack_no ~ '^\d{14}$'),
    case_no text NOT NULL REFERENCES case_file,
    channel text NOT NULL,
    category text NOT NULL,
    victim_id bigint NOT NULL REFERENCES victim,
    received_at timestamptz NOT NULL,
    taken_by text NOT NULL,
    idempotency_key text NOT NULL,
    body_digest bytea NOT NULL,
    joined boolean NOT NULL,
    flags jsonb NOT NULL,
    -- one caller's key is nobody else's
    UNIQUE (taken_by, idempotency_key)
);
CREATE INDEX complaint_case ON complaint (case_no);

CREATE TABLE hop (
    case_no text NOT NULL REFERENCES case_file,
    hop_no integer NOT NULL CHECK (hop_no > 0),
    revision integer NOT NULL DEFAULT 0,
    parent_hop_no integer,
    layer integer NOT NULL CHECK (layer > 0),
    source text NOT NULL CHECK (source IN ('complaint', 'answer', 'desk')),
    state text NOT NULL CHECK (state IN ('open', 'asked', 'correction', 'unroutable', 'closed')),
    institution text REFERENCES institution,
    payer_institution_as_told text NOT NULL,
    payer_holder text NOT NULL,
    payee_institution_as_told text NOT NULL,
    payee_holder text NOT NULL,
    payee_ifsc text,
    account_key text NOT NULL,
    reference text NOT NULL,
    reference_key text NOT NULL,
    mode text NOT NULL,
    amount_paise bigint NOT NULL CHECK (amount_paise > 0),
    disputed_paise bigint NOT NULL CHECK (disputed_paise > 0),
    transferred_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by_answer bigint,
    flags jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (case_no, hop_no),
    FOREIGN KEY (case_no, parent_hop_no) REFERENCES hop,
    -- the disputed part is never more than the transfer
    CHECK (disputed_paise <= amount_paise),
    CHECK ((state = 'unroutable') <= (institution IS NULL)),
    CHECK (parent_hop_no IS NULL OR parent_hop_no < hop_no)
) WITH (fillfactor = 80);

-- A disputed transfer that complaints may join on: one transfer is in one case.
CREATE TABLE disputed_transfer (
    transfer_key text PRIMARY KEY,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    FOREIGN KEY (case_no, hop_no) REFERENCES hop
);

CREATE TABLE hold_request (
    request_id uuid PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file,
    batch_no integer NOT NULL,
    institution text NOT NULL REFERENCES institution,
    state text NOT NULL CHECK (state IN ('sending', 'delivered', 'refused', 'answered', 'stopped')),
    job_id text,
    level text,
    planned_at timestamptz NOT NULL,
    sent_at timestamptz NOT NULL,
    delivered_at timestamptz,
    first_answered_at timestamptz,
    closed_at timestamptz,
    refusal_code text,
    refusal_message text,
    UNIQUE (case_no, batch_no, institution)
) WITH (fillfactor = 80);
CREATE INDEX hold_request_planned ON hold_request (planned_at);

-- A bank may open more than one job for one request; every one of them is that request.
CREATE TABLE request_job (
    institution text NOT NULL,
    job_id text NOT NULL,
    request_id uuid NOT NULL REFERENCES hold_request,
    PRIMARY KEY (institution, job_id)
);

CREATE TABLE request_hop (
    request_id uuid NOT NULL REFERENCES hold_request,
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    revision integer NOT NULL,
    live boolean NOT NULL DEFAULT true,
    PRIMARY KEY (request_id, hop_no),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop
) WITH (fillfactor = 80);
-- A bank never has two live requests for a hop.
CREATE UNIQUE INDEX request_hop_one_live ON request_hop (case_no, hop_no) WHERE live;

-- What a bank posted, as it was read after the envelope was opened.
CREATE TABLE status_update (
    update_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution text NOT NULL REFERENCES institution,
    case_no text NOT NULL REFERENCES case_file,
    job_id text NOT NULL,
    body_digest bytea NOT NULL,
    received_at timestamptz NOT NULL,
    reply jsonb NOT NULL,
    UNIQUE (institution, body_digest)
);

CREATE TABLE answer (
    answer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    update_id bigint NOT NULL REFERENCES status_update,
    line_no integer NOT NULL,
    case_no text NOT NULL,
    institution text NOT NULL,
    natural_key text NOT NULL,
    hop_nos integer[] NOT NULL,
    kind text NOT NULL,
    disposition text NOT NULL,
    status_code text NOT NULL,
    amount_paise bigint NOT NULL,
    claim_paise bigint NOT NULL,
    applied_paise bigint NOT NULL CHECK (applied_paise BETWEEN 0 AND claim_paise),
    remarks text NOT NULL,
    flags jsonb NOT NULL,
    raw jsonb NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX answer_case ON answer (case_no, answer_id);
-- Lines that say the same are one line; the repeats are kept as duplicates.
CREATE UNIQUE INDEX answer_once ON answer (case_no, institution, natural_key) WHERE disposition <> 'duplicate';

CREATE TABLE discrepancy (
    discrepancy_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file,
    hop_no integer,
    answer_id bigint REFERENCES answer,
    institution text NOT NULL,
    kind text NOT NULL,
    claimed_paise bigint NOT NULL,
    applied_paise bigint NOT NULL,
    opened_at timestamptz NOT NULL
);
CREATE INDEX discrepancy_case ON discrepancy (case_no);

CREATE TABLE desk_task (
    task_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file,
    hop_no integer,
    request_id uuid REFERENCES hold_request,
    institution text,
    kind text NOT NULL,
    note text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('open', 'closed')),
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text,
    reason text,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
-- The same question is not put to the desk twice.
CREATE UNIQUE INDEX desk_task_once ON desk_task (case_no, kind, coalesce(hop_no, 0),
    coalesce(request_id, '00000000-0000-0000-0000-000000000000'::uuid), note) WHERE state = 'open';
CREATE INDEX desk_task_open ON desk_task (task_id) WHERE state = 'open';
CREATE INDEX desk_task_case ON desk_task (case_no);

-- The outbox to the workflows: what changed, told once the row is committed, and again by the sweep if that was lost.
CREATE TABLE case_news (
    news_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no text NOT NULL REFERENCES case_file,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    signalled_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX case_news_unsignalled ON case_news (news_id) WHERE signalled_at IS NULL;
