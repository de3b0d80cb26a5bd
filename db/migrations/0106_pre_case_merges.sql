-- Officers merge two cases that are one matter. Every row keeps its own case; a merge joins the two, and can be undone.
CREATE TABLE case_merge (
    merge_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    primary_case_no text NOT NULL REFERENCES case_file (case_no),
    merged_case_no text NOT NULL REFERENCES case_file (case_no),
    reason text NOT NULL CHECK (reason <> '' AND length(reason) <= 1000),
    victims_agree boolean NOT NULL,
    same_transfers jsonb NOT NULL,
    needs_second boolean NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('agreed', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    decided_reason text,
    undo_reason text CHECK (undo_reason <> '' AND length(undo_reason) <= 1000),
    undo_proposed_by text,
    undo_proposed_at timestamptz,
    undone_by text,
    undone_at timestamptz,
    undone_reason text,
    CONSTRAINT case_merge_of_two_cases CHECK (primary_case_no <> merged_case_no),
    CONSTRAINT case_merge_decided CHECK (num_nulls(decision, decided_by, decided_at, decided_reason) IN (0, 4)),
    CONSTRAINT case_merge_undo_proposed CHECK (
        num_nulls(undo_reason, undo_proposed_by, undo_proposed_at) IN (0, 3)
        AND (undo_reason IS NULL OR decision = 'agreed' AND decision IS NOT NULL)),
    CONSTRAINT case_merge_undone CHECK (
        num_nulls(undone_by, undone_at, undone_reason) IN (0, 3) AND (undone_by IS NULL OR undo_reason IS NOT NULL)),
    CONSTRAINT case_merge_four_eyes CHECK (
        decision IS DISTINCT FROM 'agreed' OR NOT needs_second OR is_second_officer(decided_by, proposed_by)),
    CONSTRAINT case_merge_undo_four_eyes CHECK (undone_by IS NULL OR is_second_officer(undone_by, undo_proposed_by))
);
CREATE UNIQUE INDEX case_merge_once ON case_merge (merged_case_no)
    WHERE undone_at IS NULL AND decision IS DISTINCT FROM 'rejected';
CREATE INDEX case_merge_primary ON case_merge (primary_case_no);
CREATE INDEX case_merge_merged ON case_merge (merged_case_no);
COMMENT ON TABLE case_merge IS 'two cases that officers found to be one; in force once it is agreed, until it is undone';
COMMENT ON COLUMN case_merge.same_transfers IS 'hops of both cases that the officer names as one transfer';
COMMENT ON COLUMN case_merge.needs_second IS 'the victims are two persons, or money on hold may change whom it goes to';
COMMENT ON COLUMN case_merge.undo_reason IS 'of the officer who proposes the undo; null again when the undo is rejected';

CREATE TABLE same_transfer (
    pair_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merge_id bigint NOT NULL REFERENCES case_merge (merge_id),
    counted_case_no text NOT NULL,
    counted_hop_no integer NOT NULL,
    aside_case_no text NOT NULL,
    aside_hop_no integer NOT NULL,
    found_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT same_transfer_of_two_cases CHECK (counted_case_no <> aside_case_no),
    FOREIGN KEY (counted_case_no, counted_hop_no) REFERENCES hop (case_no, hop_no),
    FOREIGN KEY (aside_case_no, aside_hop_no) REFERENCES hop (case_no, hop_no)
);
CREATE UNIQUE INDEX same_transfer_aside ON same_transfer (aside_case_no, aside_hop_no) WHERE ended_at IS NULL;
CREATE INDEX same_transfer_merge ON same_transfer (merge_id);
CREATE INDEX same_transfer_counted ON same_transfer (counted_case_no);
CREATE INDEX same_transfer_aside_case ON same_transfer (aside_case_no);
COMMENT ON TABLE same_transfer IS 'a transfer that both cases of a merge tell; one hop counts, and the other is set aside';

CREATE TABLE set_aside_hop (
    set_aside_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pair_id bigint NOT NULL REFERENCES same_transfer (pair_id),
    case_no text NOT NULL,
    hop_no integer NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'asked', 'correction', 'unroutable', 'closed')),
    in_play_paise bigint NOT NULL CHECK (in_play_paise >= 0),
    refused_paise bigint NOT NULL CHECK (refused_paise >= 0),
    untraced_paise bigint NOT NULL CHECK (untraced_paise >= 0),
    contra text NOT NULL CHECK (contra IN ('lost', 'proposed')),
    set_aside_at timestamptz NOT NULL,
    put_back_at timestamptz,
    CONSTRAINT set_aside_hop_has_money CHECK (in_play_paise + refused_paise + untraced_paise > 0),
    CONSTRAINT set_aside_hop_in_play CHECK ((state = 'closed') = (in_play_paise = 0)),
    FOREIGN KEY (case_no, hop_no) REFERENCES hop (case_no, hop_no)
);
CREATE UNIQUE INDEX set_aside_hop_once ON set_aside_hop (case_no, hop_no) WHERE put_back_at IS NULL;
CREATE INDEX set_aside_hop_pair ON set_aside_hop (pair_id);
COMMENT ON TABLE set_aside_hop IS 'a hop whose money counts in the other case of a merge, as it was, so that it can be put back';
COMMENT ON COLUMN set_aside_hop.state IS 'of the hop before';
COMMENT ON COLUMN set_aside_hop.contra IS 'bucket of the root that the money left and comes back to';

-- The cases whose rows are read together with those of a case, without itself.
CREATE FUNCTION merged_with(of_case text) RETURNS text[] LANGUAGE sql STABLE AS $$
    WITH head AS (
        SELECT coalesce((SELECT m.primary_case_no FROM case_merge m WHERE m.merged_case_no = of_case
            AND m.decision = 'agreed' AND m.undone_at IS NULL), of_case) AS case_no
    )
    SELECT coalesce(array_agg(x.case_no ORDER BY x.case_no) FILTER (WHERE x.case_no <> of_case), '{}')
    FROM head h CROSS JOIN LATERAL (
        SELECT h.case_no
        UNION ALL
        SELECT m.merged_case_no FROM case_merge m
        WHERE m.primary_case_no = h.case_no AND m.decision = 'agreed' AND m.undone_at IS NULL
    ) AS x
$$;
COMMENT ON FUNCTION merged_with IS 'the other cases of the merges in force of a case';

-- A case is not merged into one that is merged itself. The locks keep two merges at once from making such a chain.
CREATE FUNCTION case_merge_no_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM case_file c WHERE c.case_no IN (NEW.primary_case_no, NEW.merged_case_no)
        ORDER BY c.case_no FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM case_merge m WHERE m.undone_at IS NULL AND m.decision IS DISTINCT FROM 'rejected'
            AND (m.primary_case_no = NEW.merged_case_no OR m.merged_case_no = NEW.primary_case_no)) THEN
        RAISE EXCEPTION 'case % or % is part of another merge', NEW.primary_case_no, NEW.merged_case_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_merge_no_chain';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_merge_no_chain BEFORE INSERT ON case_merge FOR EACH ROW EXECUTE FUNCTION case_merge_no_chain();

CREATE FUNCTION case_merge_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.undone_at IS NOT NULL
        OR (OLD.merge_id, OLD.primary_case_no, OLD.merged_case_no, OLD.reason, OLD.victims_agree,
            OLD.same_transfers, OLD.proposed_by, OLD.proposed_at) IS DISTINCT FROM
           (NEW.merge_id, NEW.primary_case_no, NEW.merged_case_no, NEW.reason, NEW.victims_agree,
            NEW.same_transfers, NEW.proposed_by, NEW.proposed_at)
        OR (OLD.decision IS NOT NULL AND
            (OLD.decision, OLD.needs_second, OLD.decided_by, OLD.decided_at, OLD.decided_reason) IS DISTINCT FROM
            (NEW.decision, NEW.needs_second, NEW.decided_by, NEW.decided_at, NEW.decided_reason))
    THEN
        RAISE EXCEPTION 'of a merge only the decision and its undo are written, once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'case_merge_rules';
    END IF;
    IF NEW.undone_at IS NOT NULL
        AND EXISTS (SELECT FROM same_transfer s WHERE s.merge_id = NEW.merge_id AND s.ended_at IS NULL)
    THEN
        RAISE EXCEPTION 'a transfer of merge % is set aside', NEW.merge_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_merge_put_back';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_merge_rules BEFORE UPDATE OR DELETE ON case_merge FOR EACH ROW EXECUTE FUNCTION case_merge_rules();

CREATE FUNCTION same_transfer_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND (OLD.ended_at IS NOT NULL OR OLD.merge_id <> NEW.merge_id
        OR NEW.ended_at IS NOT NULL AND EXISTS (
            SELECT FROM set_aside_hop s WHERE s.pair_id = NEW.pair_id AND s.put_back_at IS NULL)))
    THEN
        RAISE EXCEPTION 'a pair of transfers ends once, when its money is put back'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'same_transfer_rules';
    END IF;
    IF NOT EXISTS (SELECT FROM case_merge m WHERE m.merge_id = NEW.merge_id AND m.decision = 'agreed'
            AND m.undone_at IS NULL
            AND NEW.aside_case_no = ANY (merged_with(m.primary_case_no) || m.primary_case_no)
            AND NEW.counted_case_no = ANY (merged_with(m.primary_case_no) || m.primary_case_no))
    THEN
        RAISE EXCEPTION 'merge % is not in force for both cases', NEW.merge_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'same_transfer_of_merge';
    END IF;
    IF NEW.ended_at IS NULL AND (
        EXISTS (SELECT FROM withdrawn_hop w WHERE w.case_no = NEW.counted_case_no AND w.hop_no = NEW.counted_hop_no)
        OR EXISTS (SELECT FROM set_aside_hop s WHERE s.case_no = NEW.counted_case_no
            AND s.hop_no = NEW.counted_hop_no AND s.put_back_at IS NULL))
    THEN
        RAISE EXCEPTION 'hop % of case % has left its case', NEW.counted_hop_no, NEW.counted_case_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'same_transfer_counts';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER same_transfer_rules BEFORE INSERT OR UPDATE OR DELETE ON same_transfer
    FOR EACH ROW EXECUTE FUNCTION same_transfer_rules();

CREATE FUNCTION set_aside_hop_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.put_back_at IS NOT NULL OR NEW.put_back_at IS NULL
        OR (OLD.set_aside_id, OLD.pair_id, OLD.case_no, OLD.hop_no, OLD.state, OLD.in_play_paise, OLD.refused_paise,
            OLD.untraced_paise, OLD.contra, OLD.set_aside_at) IS DISTINCT FROM
           (NEW.set_aside_id, NEW.pair_id, NEW.case_no, NEW.hop_no, NEW.state, NEW.in_play_paise, NEW.refused_paise,
            NEW.untraced_paise, NEW.contra, NEW.set_aside_at)
    THEN
        RAISE EXCEPTION 'of a hop that is set aside only the moment is written when it is put back'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'set_aside_hop_rules';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER set_aside_hop_rules BEFORE UPDATE OR DELETE ON set_aside_hop
    FOR EACH ROW EXECUTE FUNCTION set_aside_hop_rules();

-- At the end of the transaction, because a transfer that two transactions open at once waits for its registration.
-- No bank is asked about a hop that waits for a correction.
CREATE FUNCTION hop_live_in_one_case() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    others text[] := merged_with(NEW.case_no);
    other record;
BEGIN
    IF others = '{}' THEN
        RETURN NULL;
    END IF;
    SELECT o.case_no, o.hop_no INTO other
    FROM hop h JOIN hop o ON o.reference_key = h.reference_key AND o.institution = h.institution
    WHERE h.case_no = NEW.case_no AND h.hop_no = NEW.hop_no AND h.state NOT IN ('closed', 'correction') AND h.reference_key <> ''
        AND o.case_no = ANY (others) AND o.state NOT IN ('closed', 'correction')
        AND h.disputed_paise + o.disputed_paise > greatest(h.amount_paise, o.amount_paise)
    LIMIT 1;
    IF FOUND THEN
        RAISE serialization_failure USING
            MESSAGE = format('the transfer of hop %s is live in case %s', NEW.hop_no, other.case_no),
            CONSTRAINT = 'hop_live_in_one_case';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER hop_live_in_one_case AFTER INSERT OR UPDATE OF reference_key, institution ON hop
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state NOT IN ('closed', 'correction')) EXECUTE FUNCTION hop_live_in_one_case();
