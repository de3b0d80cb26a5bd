-- Each lien is reported to the magistrate. What of a hop's money on hold the reports of its case name; what comes on hold
-- above it is to be reported anew.
ALTER TABLE held_hop ADD COLUMN reported_paise bigint NOT NULL DEFAULT 0 CHECK (reported_paise >= 0);
UPDATE held_hop k SET reported_paise = b.balance_paise
FROM duty d JOIN ledger_balance b ON b.case_no = d.case_no AND b.bucket = 'held'
WHERE k.case_no = d.case_no AND b.hop_no = k.hop_no AND b.balance_paise > 0
  AND d.kind = 'magistrate_report' AND d.done_at >= k.held_at;

-- A report that is issued is not yet handed in: the duty is done by the number that it has in the court's diary.
ALTER TABLE duty ADD COLUMN issued_at timestamptz;
ALTER TABLE duty ADD COLUMN diary_no text CHECK (diary_no <> '');
ALTER TABLE duty ADD COLUMN handed_in_at timestamptz;
ALTER TABLE duty ADD CONSTRAINT duty_handed_in CHECK (
    (diary_no IS NULL) = (handed_in_at IS NULL) AND (handed_in_at IS NULL OR (kind = 'magistrate_report' AND done_at IS NOT NULL))
);
ALTER TABLE duty ADD CONSTRAINT duty_issued CHECK (issued_at IS NULL OR document_id IS NOT NULL);

-- A duty that is opened anew asks for its document anew.
CREATE OR REPLACE FUNCTION duty_asks_for_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO due_document AS e (case_no, kind, subject, opened_at, next_attempt_at)
    VALUES (NEW.case_no, NEW.kind, NEW.case_no, NEW.opened_at, NEW.opened_at)
    ON CONFLICT (case_no, kind, subject, occasion) DO UPDATE
    SET state = 'waiting', lacking = '{}', failure = '', attempts = 0, opened_at = excluded.opened_at,
        next_attempt_at = excluded.next_attempt_at, ended_at = NULL
    WHERE e.ended_at IS NOT NULL AND NEW.done_at IS NULL;
    PERFORM due_documents_look_again(NEW.case_no);
    RETURN NULL;
END $$;

-- More money on hold is news for every document of the case that waits: a report that is issued does not name it.
CREATE OR REPLACE FUNCTION held_hop_asks_for_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ask_for_lien_notice(h.case_no, h.institution, NEW.taken_up_at)
    FROM hop h WHERE h.case_no = NEW.case_no AND h.hop_no = NEW.hop_no AND h.institution IS NOT NULL;
    PERFORM due_documents_look_again(NEW.case_no);
    RETURN NULL;
END $$;

-- A report that lapses takes with it what was sent under it.
CREATE FUNCTION fir_lapse_asks_for_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ask_for_lien_notice(NEW.case_no, a.institution, NEW.registered_at)
    FROM (SELECT DISTINCT institution FROM account_hold WHERE case_no = NEW.case_no AND state = 'held') a;
    RETURN NULL;
END $$;
CREATE TRIGGER fir_lapse_notices AFTER UPDATE OF state ON fir
    FOR EACH ROW WHEN (NEW.state = 'lapsed') EXECUTE FUNCTION fir_lapse_asks_for_notices();

-- Asking the register for one report may be given up for another.
ALTER TABLE fir DROP CONSTRAINT fir_state_check;
ALTER TABLE fir ADD CONSTRAINT fir_state_check
    CHECK (state IN ('requested', 'registered', 'signed', 'lapsed', 'refused', 'cancelled'));

-- The district is kept by its code where it is one of Uttar Pradesh (domain/districts.toml), and as it was told.
ALTER TABLE victim ADD COLUMN district_as_told text NOT NULL DEFAULT '';
UPDATE victim SET district_as_told = district;
