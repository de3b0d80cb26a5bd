-- Money of a transfer that only a victim's bank names is followed at once, outside the loss, until an officer accepts it.
-- And an inquiry is asked anew after its transfer was corrected.

-- Both checks allow more than before, so every row that is there obeys them.
ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_sign, ADD CONSTRAINT ledger_balance_sign CHECK (
    CASE WHEN bucket IN ('lost', 'proposed') THEN balance_paise <= 0 ELSE balance_paise >= 0 END) NOT VALID;
ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_bucket_check, ADD CONSTRAINT ledger_entry_bucket_check
    CHECK (bucket IN ('lost', 'proposed', 'in_play', 'held', 'withdrawn', 'spent', 'refused', 'untraced', 'restored',
                      'released')) NOT VALID;

ALTER TABLE payer_found_transfer ADD COLUMN is_signed boolean NOT NULL DEFAULT false,
    ADD COLUMN followed_hop_no integer;
COMMENT ON COLUMN payer_found_transfer.is_signed IS 'whether the bank signed or sealed the answer with its own key';
COMMENT ON COLUMN payer_found_transfer.followed_hop_no IS 'the hop that was opened before a person decided';

CREATE OR REPLACE FUNCTION payer_found_transfer_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decision IS NOT NULL
        OR (OLD.followed_hop_no IS NOT NULL AND NEW.followed_hop_no IS DISTINCT FROM OLD.followed_hop_no)
        OR (NEW.taken_hop_no IS NOT NULL AND NEW.followed_hop_no IS NOT NULL AND NEW.taken_hop_no <> NEW.followed_hop_no)
        OR to_jsonb(NEW) - '{decision,decided_by,decided_at,reason,taken_hop_no,followed_hop_no}'::text[]
            IS DISTINCT FROM
            to_jsonb(OLD) - '{decision,decided_by,decided_at,reason,taken_hop_no,followed_hop_no}'::text[]
    THEN
        RAISE EXCEPTION 'of a found transfer only its hop and the decision are written, once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

ALTER TABLE payer_inquiry ADD COLUMN replaced_at timestamptz, DROP CONSTRAINT payer_inquiry_one_a_hop;
COMMENT ON COLUMN payer_inquiry.replaced_at IS 'since when a newer inquiry asks about the corrected transfer';

CREATE OR REPLACE FUNCTION payer_inquiry_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.state = 'skipped' AND NEW.state <> 'skipped')
        OR (OLD.state = 'answered' AND NEW.state <> 'answered')
        OR (OLD.state = 'failed' AND NEW.state NOT IN ('failed', 'answered'))
        OR (OLD.state = 'delivered' AND NEW.state = 'planned')
        OR (OLD.replaced_at IS NOT NULL AND NEW.replaced_at IS DISTINCT FROM OLD.replaced_at)
        OR (NEW.inquiry_id, NEW.case_no, NEW.hop_no, NEW.institution, NEW.near_seconds, NEW.planned_at)
            IS DISTINCT FROM
            (OLD.inquiry_id, OLD.case_no, OLD.hop_no, OLD.institution, OLD.near_seconds, OLD.planned_at)
    THEN
        RAISE EXCEPTION 'an inquiry keeps what it asks, and its state goes only forward'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- One row for each hop at most: the index payer_inquiry_one_live refuses a second.
CREATE FUNCTION payer_inquiry_replace(of_case text, of_hop integer)
RETURNS TABLE (institution text, near_seconds double precision, at timestamptz) LANGUAGE sql AS $$
    UPDATE payer_inquiry i SET replaced_at = t.at, due_at = NULL, closed_at = coalesce(i.closed_at, t.at),
        state = CASE WHEN i.due_at IS NULL THEN i.state ELSE 'failed' END,
        reason = CASE WHEN i.due_at IS NULL THEN i.reason ELSE 'the transfer was corrected' END
    FROM (SELECT present_moment() AS at) AS t
    WHERE i.case_no = of_case AND i.hop_no = of_hop AND i.replaced_at IS NULL
    RETURNING i.institution, i.near_seconds, t.at
$$;
COMMENT ON FUNCTION payer_inquiry_replace(text, integer) IS
    'End the inquiry about a hop, because its transfer was corrected; return what it asked.';

CREATE FUNCTION hop_asks_payers_bank_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.payer_holder, NEW.payer_institution_as_told)
        IS DISTINCT FROM (OLD.payer_holder, OLD.payer_institution_as_told)
    THEN
        -- Another bank may be the victim's now. The caller plans the next inquiry, because it knows the directory.
        PERFORM payer_inquiry_replace(NEW.case_no, NEW.hop_no);
        RETURN NULL;
    END IF;
    INSERT INTO payer_inquiry (inquiry_id, case_no, hop_no, institution, state, near_seconds, planned_at, due_at,
        closed_at, reason)
    SELECT gen_random_uuid(), NEW.case_no, NEW.hop_no, r.institution,
        CASE WHEN s.reason = '' THEN 'planned' ELSE 'skipped' END, r.near_seconds, r.at,
        CASE WHEN s.reason = '' THEN r.at END, CASE WHEN s.reason <> '' THEN r.at END, s.reason
    FROM payer_inquiry_replace(NEW.case_no, NEW.hop_no) AS r
    CROSS JOIN LATERAL (SELECT CASE
        WHEN r.institution IS NULL THEN 'the directory does not know the bank'
        WHEN r.institution = NEW.institution THEN 'the bank has both accounts'
        WHEN NEW.reference = '' THEN 'the transfer has no reference'
        ELSE '' END AS reason) AS s;
    RETURN NULL;
END $$;
CREATE TRIGGER hop_asks_payers_bank_again
    AFTER UPDATE OF reference_key, institution, payer_holder, payer_institution_as_told ON hop
    FOR EACH ROW WHEN (NEW.parent_hop_no IS NULL
        AND (NEW.reference_key IS DISTINCT FROM OLD.reference_key OR NEW.institution IS DISTINCT FROM OLD.institution
            OR NEW.payer_holder IS DISTINCT FROM OLD.payer_holder
            OR NEW.payer_institution_as_told IS DISTINCT FROM OLD.payer_institution_as_told))
    EXECUTE FUNCTION hop_asks_payers_bank_again();

CREATE FUNCTION proposed_transfers(of_restoration uuid) RETURNS TABLE (hop_no integer) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH RECURSIVE up AS (
        SELECT h.case_no, h.hop_no, h.parent_hop_no FROM restoration_line l JOIN hop h USING (case_no, hop_no)
        WHERE l.restoration_id = of_restoration AND l.objection_id IS NULL
            AND (l.excluded_at IS NULL OR l.reopened_at IS NOT NULL)
        UNION
        SELECT h.case_no, h.hop_no, h.parent_hop_no
        FROM up JOIN hop h ON h.case_no = up.case_no AND h.hop_no = up.parent_hop_no
    )
    SELECT b.hop_no FROM up JOIN ledger_balance b USING (case_no, hop_no)
    WHERE up.parent_hop_no IS NULL AND b.bucket = 'proposed' AND b.balance_paise < 0 ORDER BY 1;
END $$;
COMMENT ON FUNCTION proposed_transfers(uuid) IS
    'The transfers of this restoration that only the victim''s bank names, and that no officer has accepted.';

CREATE OR REPLACE FUNCTION restoration_not_contested() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM contested_transfers(NEW.restoration_id)) THEN
        RAISE EXCEPTION 'two complainants claim a transfer of this restoration' USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT FROM proposed_transfers(NEW.restoration_id)) THEN
        RAISE EXCEPTION 'no person has accepted a transfer of this restoration' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION contested_transfers(of_restoration uuid)
RETURNS TABLE (hop_no integer, ack_no text, row_no integer) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH RECURSIVE up AS (
        SELECT h.case_no, h.hop_no, h.parent_hop_no FROM restoration_line l JOIN hop h USING (case_no, hop_no)
        WHERE l.restoration_id = of_restoration AND l.objection_id IS NULL
            AND (l.excluded_at IS NULL OR l.reopened_at IS NOT NULL)
        UNION
        SELECT h.case_no, h.hop_no, h.parent_hop_no
        FROM up JOIN hop h ON h.case_no = up.case_no AND h.hop_no = up.parent_hop_no
    )
    SELECT t.hop_no, t.ack_no, t.row_no FROM up JOIN complaint_transfer t USING (case_no, hop_no)
    WHERE up.parent_hop_no IS NULL AND 'payer' = ANY (t.differing) AND NOT EXISTS (
        SELECT FROM payer_decision d
        WHERE d.case_no = t.case_no AND d.hop_no = t.hop_no AND d.agreed_at IS NOT NULL AND t.ack_no = ANY (d.among))
    UNION ALL
    -- The victim's bank debited another account than the victim told. Only its newest statement counts.
    SELECT h.hop_no, h.ack_no, 0 FROM up JOIN hop h USING (case_no, hop_no) JOIN payer_inquiry i USING (case_no, hop_no)
    CROSS JOIN LATERAL (SELECT s.differing, s.stated_at FROM payer_statement s WHERE s.inquiry_id = i.inquiry_id
        ORDER BY s.statement_id DESC LIMIT 1) AS s
    WHERE up.parent_hop_no IS NULL AND i.replaced_at IS NULL AND 'payer' = ANY (s.differing) AND NOT EXISTS (
        SELECT FROM payer_decision d WHERE d.case_no = h.case_no AND d.hop_no = h.hop_no AND d.agreed_at > s.stated_at)
    UNION ALL
    -- So does a transfer that it named and an officer took.
    SELECT h.hop_no, h.ack_no, 0 FROM up JOIN hop h USING (case_no, hop_no) JOIN payer_inquiry i ON i.case_no = h.case_no
    JOIN payer_found_transfer f ON f.inquiry_id = i.inquiry_id AND f.taken_hop_no = h.hop_no
    WHERE up.parent_hop_no IS NULL AND f.payer_differs AND NOT EXISTS (
        SELECT FROM payer_decision d WHERE d.case_no = h.case_no AND d.hop_no = h.hop_no AND d.agreed_at > f.decided_at)
    ORDER BY 1, 2, 3;
END $$;
