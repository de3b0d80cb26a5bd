-- What a bank holds above the traceable is let go as soon as it is known, not when a hold's clock rings next.

CREATE FUNCTION wake_hold_of_hop(of_case text, of_hop integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO procedure_news (workflow_id, created_at)
    SELECT p.workflow_id, now() FROM hop h
    JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution AND a.account_key = h.account_key
    JOIN procedure p ON p.kind = 'hold' AND p.subject = a.hold_id::text
    WHERE h.case_no = of_case AND h.hop_no = of_hop AND a.state = 'held';
END $$;

CREATE FUNCTION discrepancy_wakes_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wake_hold_of_hop(NEW.case_no, NEW.hop_no);
    RETURN NULL;
END $$;
CREATE TRIGGER discrepancy_hold AFTER INSERT ON discrepancy
    FOR EACH ROW WHEN (NEW.kind = 'exceeds_disputed') EXECUTE FUNCTION discrepancy_wakes_hold();

CREATE FUNCTION resolution_wakes_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wake_hold_of_hop(c.case_no, c.hop_no) FROM discrepancy c
    WHERE c.discrepancy_id = NEW.discrepancy_id AND c.kind = 'exceeds_disputed';
    RETURN NULL;
END $$;
CREATE TRIGGER discrepancy_resolution_hold AFTER INSERT ON discrepancy_resolution
    FOR EACH ROW EXECUTE FUNCTION resolution_wakes_hold();
