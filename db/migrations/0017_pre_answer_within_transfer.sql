-- While an update runs, a process of the release before may still take an answer, and it opens a hop for all that a
-- line states. Such an answer must not be refused, so the rule holds for the lines that this release has judged.
ALTER TABLE answer ADD COLUMN within_paise bigint;

CREATE OR REPLACE FUNCTION hop_within_transfer()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    larger record;
BEGIN
    SELECT min(h.case_no) AS case_no, min(h.hop_no) AS hop_no, a.amount_paise INTO larger
    FROM opened h JOIN answer a ON a.answer_id = h.opened_by_answer
    WHERE a.within_paise IS NOT NULL
    GROUP BY a.answer_id, a.amount_paise, a.within_paise
    HAVING max(h.amount_paise) > a.amount_paise OR sum(h.disputed_paise) > a.within_paise
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'hop % of case % is larger than its transfer of % paise', larger.hop_no, larger.case_no,
            larger.amount_paise USING ERRCODE = 'check_violation', CONSTRAINT = 'hop_within_transfer';
    END IF;
    RETURN NULL;
END $function$;

COMMENT ON COLUMN answer.within_paise IS
    'what of the claim is within its transfer; null in a line that the release before has judged';
