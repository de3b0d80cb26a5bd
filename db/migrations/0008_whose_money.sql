-- A case may have several victims: every hop says from whose complaint its money came, and a bank is told of that
-- victim's payment.

ALTER TABLE hop ADD COLUMN ack_no text;
COMMENT ON COLUMN hop.ack_no IS 'the complaint whose money it is: that of the victim''s own transfer, and of every hop below it';

UPDATE hop h SET ack_no = e.data ->> 'ack_no'
FROM case_event e, jsonb_array_elements(e.data -> 'hops') AS told
WHERE e.kind IN ('case_opened', 'complaint_joined')
  AND h.case_no = e.case_no AND h.hop_no = (told ->> 'hop_no')::integer;
WITH RECURSIVE below AS (
    SELECT case_no, hop_no, ack_no FROM hop WHERE parent_hop_no IS NULL
    UNION ALL
    SELECT h.case_no, h.hop_no, b.ack_no FROM hop h JOIN below b ON h.case_no = b.case_no AND h.parent_hop_no = b.hop_no
)
UPDATE hop h SET ack_no = coalesce(b.ack_no, h.case_no) FROM below b
WHERE h.case_no = b.case_no AND h.hop_no = b.hop_no AND h.ack_no IS NULL;
ALTER TABLE hop ALTER COLUMN ack_no SET NOT NULL;

-- Its index serves whoever asks for a case's complaints as well.
ALTER TABLE complaint ADD CONSTRAINT complaint_of_case UNIQUE (case_no, ack_no);
DROP INDEX complaint_case;
-- Hops are written before their complaint.
ALTER TABLE hop ADD CONSTRAINT hop_complaint_fkey FOREIGN KEY (case_no, ack_no)
    REFERENCES complaint (case_no, ack_no) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION hop_complaint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.parent_hop_no IS NOT NULL THEN
        SELECT ack_no INTO NEW.ack_no FROM hop WHERE case_no = NEW.case_no AND hop_no = NEW.parent_hop_no;
    END IF;
    -- A process of the release before names none: the case's number is that of its first complaint.
    NEW.ack_no := coalesce(NEW.ack_no, NEW.case_no);
    RETURN NEW;
END $$;
CREATE TRIGGER hop_complaint BEFORE INSERT ON hop FOR EACH ROW EXECUTE FUNCTION hop_complaint();

-- The lower half of a day's serials is the portal's.
ALTER SEQUENCE ack_serial MINVALUE 5000000 START 5000000 RESTART;
