-- Two officers may find that a victim whose complaint is in another case paid a transfer: the money goes to a complaint
-- of that victim in the case of the transfer, which the agreement opens.
ALTER TABLE payer_decision ADD COLUMN given_to text, DROP CONSTRAINT payer_decision_case_no_ack_no_fkey;
ALTER TABLE payer_decision
    ADD CONSTRAINT payer_decision_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint (ack_no) NOT VALID,
    ADD CONSTRAINT payer_decision_given_to_fkey FOREIGN KEY (case_no, given_to) REFERENCES complaint (case_no, ack_no)
        NOT VALID,
    ADD CONSTRAINT payer_decision_given_when_agreed CHECK (given_to IS NULL OR agreed_at IS NOT NULL) NOT VALID;

COMMENT ON COLUMN payer_decision.given_to IS
    'the victim''s complaint in this case that owns the money, if the complaint that is right is in another case';

-- A money-trail workbook counts as the banks' statements, and one person imports it. Where nothing else confirms the
-- money of a restoration, that person neither prepares nor approves it.
CREATE FUNCTION only_importers(of_case text, of_hop integer) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN bool_and(s.importer IS NOT NULL) THEN array_agg(DISTINCT s.importer) ELSE '{}' END
    FROM (
        SELECT CASE WHEN a.flags @> '[{"code": "from_workbook"}]' THEN coalesce(a.raw ->> 'imported_by', '') END
            AS importer
        FROM answer a WHERE a.case_no = of_case AND of_hop = ANY (a.hop_nos)
            AND a.kind IN ('held', 'withdrawn', 'spent', 'moved')
        UNION ALL
        SELECT CASE WHEN a.flags @> '[{"code": "from_workbook"}]' THEN coalesce(a.raw ->> 'imported_by', '') END
        FROM hop h JOIN answer a ON a.answer_id = h.opened_by_answer WHERE h.case_no = of_case AND h.hop_no = of_hop
        UNION ALL
        SELECT NULL FROM payer_inquiry i JOIN payer_statement w USING (inquiry_id)
        WHERE i.case_no = of_case AND i.hop_no = of_hop AND w.kind = 'confirmed'
    ) AS s
$$;

COMMENT ON FUNCTION only_importers(text, integer) IS
    'Who imported the workbooks that alone say where the money of this hop is; empty if a bank itself says it too.';

CREATE FUNCTION importer_of(of_restoration uuid, officer text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT min(l.hop_no) FROM restoration_line l
    CROSS JOIN LATERAL unnest(only_importers(l.case_no, l.hop_no)) AS importer
    WHERE l.restoration_id = of_restoration AND l.objection_id IS NULL
        AND (l.excluded_at IS NULL OR l.reopened_at IS NOT NULL)
        AND lower(regexp_replace(importer, '^[a-z]+:', '')) = lower(officer)
$$;

COMMENT ON FUNCTION importer_of(uuid, text) IS
    'A hop of this restoration whose money only a workbook confirms that this officer imported; null without one.';

CREATE FUNCTION restoration_not_by_importer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.prepared_by IS DISTINCT FROM OLD.prepared_by
            AND importer_of(NEW.restoration_id, NEW.prepared_by) IS NOT NULL)
        OR (NEW.approved_by IS DISTINCT FROM OLD.approved_by
            AND importer_of(NEW.restoration_id, NEW.approved_by) IS NOT NULL)
    THEN
        RAISE EXCEPTION 'this officer imported the workbook that alone confirms the money'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER restoration_not_by_importer BEFORE UPDATE OF prepared_by, approved_by ON restoration FOR EACH ROW
    EXECUTE FUNCTION restoration_not_by_importer();
