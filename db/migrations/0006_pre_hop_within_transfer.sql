-- A bank's line may state a disputed amount above the amount of its transfer. A hop is never larger than the transfer
-- that the line states, and all hops of one line are together never larger either.
CREATE FUNCTION hop_within_transfer()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    larger record;
BEGIN
    SELECT min(h.case_no) AS case_no, min(h.hop_no) AS hop_no, a.amount_paise INTO larger
    FROM opened h JOIN answer a ON a.answer_id = h.opened_by_answer
    GROUP BY a.answer_id, a.amount_paise
    HAVING max(h.amount_paise) > a.amount_paise OR sum(h.disputed_paise) > a.amount_paise
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'hop % of case % is larger than its transfer of % paise', larger.hop_no, larger.case_no,
            larger.amount_paise USING ERRCODE = 'check_violation', CONSTRAINT = 'hop_within_transfer';
    END IF;
    RETURN NULL;
END $function$;

CREATE TRIGGER hop_within_transfer AFTER INSERT ON hop REFERENCING NEW TABLE AS opened
    FOR EACH STATEMENT EXECUTE FUNCTION hop_within_transfer();
