-- Banks are asked for their lists of liens by themselves, and the desk may have a task about an institution.

ALTER TABLE desk_task ALTER COLUMN case_no DROP NOT NULL,
    ADD COLUMN reconciliation_id bigint REFERENCES reconciliation,
    ADD CONSTRAINT desk_task_about CHECK (
        case_no IS NOT NULL OR (institution IS NOT NULL AND hop_no IS NULL AND request_id IS NULL)),
    ADD CONSTRAINT desk_task_of_reconciliation CHECK (reconciliation_id IS NULL OR case_no IS NULL);
COMMENT ON COLUMN desk_task.reconciliation_id IS 'the comparison in which something differs';
CREATE UNIQUE INDEX desk_task_once_institution ON desk_task (institution, kind) WHERE state = 'open' AND case_no IS NULL;
CREATE UNIQUE INDEX desk_task_once_reconciliation ON desk_task (reconciliation_id);

-- In which slot of the policy's rhythm each institution was last looked at, whether it had liens or not.
CREATE TABLE lien_round (
    institution text PRIMARY KEY REFERENCES institution ON DELETE CASCADE,
    slot_at timestamptz NOT NULL
) WITH (fillfactor = 80);

-- One question to one institution: which liens do you hold for us?
CREATE TABLE lien_inquiry (
    inquiry_id uuid PRIMARY KEY,
    institution text NOT NULL REFERENCES institution,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    due_at timestamptz NOT NULL,
    supervisor_at timestamptz NOT NULL,
    -- how it was put to them, and when; null until it is
    way text CHECK (way IN ('push', 'pull', 'email', 'phone')),
    put_at timestamptz,
    desk_told_at timestamptz,
    supervisor_told_at timestamptz,
    outcome text CHECK (outcome IN ('answered', 'unanswered')),
    closed_at timestamptz,
    CHECK (asked_at < due_at AND due_at < supervisor_at),
    CHECK ((way IS NULL) = (put_at IS NULL)),
    CHECK ((outcome IS NULL) = (closed_at IS NULL))
);
CREATE UNIQUE INDEX lien_inquiry_one_open ON lien_inquiry (institution) WHERE closed_at IS NULL;
CREATE INDEX lien_inquiry_institution ON lien_inquiry (institution, asked_at);
CREATE INDEX lien_inquiry_open ON lien_inquiry (due_at) WHERE closed_at IS NULL;

-- A list that a bank hands in, page by page. It is compared once all its pages are here.
CREATE TABLE lien_list (
    list_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution text NOT NULL REFERENCES institution,
    -- the bank's own name for it
    list_id text NOT NULL CHECK (list_id <> ''),
    inquiry_id uuid REFERENCES lien_inquiry,
    as_of timestamptz NOT NULL,
    pages integer NOT NULL CHECK (pages BETWEEN 1 AND 200),
    begun_at timestamptz NOT NULL,
    UNIQUE (institution, list_id),
    UNIQUE (list_no, pages)
);
CREATE INDEX lien_list_begun ON lien_list (begun_at);

CREATE TABLE lien_list_page (
    list_no bigint NOT NULL,
    page integer NOT NULL CHECK (page > 0),
    pages integer NOT NULL,
    liens jsonb NOT NULL CHECK (jsonb_typeof(liens) = 'array'),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (list_no, page),
    FOREIGN KEY (list_no, pages) REFERENCES lien_list (list_no, pages),
    CONSTRAINT lien_list_page_of_pages CHECK (page <= pages)
);

CREATE TRIGGER lien_list_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lien_list
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lien_list_page_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lien_list_page
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One list is compared once.
ALTER TABLE reconciliation ADD COLUMN list_no bigint UNIQUE REFERENCES lien_list,
    ADD COLUMN inquiry_id uuid REFERENCES lien_inquiry,
    ADD COLUMN as_of timestamptz;
COMMENT ON COLUMN reconciliation.list_no IS 'the list that the bank handed in; null for one that an officer had as a file';
COMMENT ON COLUMN reconciliation.inquiry_id IS 'the question that the list answers';
COMMENT ON COLUMN reconciliation.as_of IS 'when the bank drew the list up, as far as it says';

-- What the ledger had on hold at a moment is read backwards from now; rows lie in the order of their times.
CREATE INDEX ledger_transaction_at ON ledger_transaction USING brin (at);
