-- An account that nobody has named is none that two transfers have in common: each such hop stands for itself, or the
-- holds of strangers would be one.

CREATE FUNCTION hop_without_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.account_key := 'NOTSTATED|' || NEW.case_no || '|' || NEW.hop_no;
    RETURN NEW;
END $$;
CREATE TRIGGER hop_without_account BEFORE INSERT OR UPDATE OF account_key ON hop
    FOR EACH ROW WHEN (NEW.account_key IN ('', 'NOTSTATED')) EXECUTE FUNCTION hop_without_account();
UPDATE hop SET account_key = account_key WHERE account_key IN ('', 'NOTSTATED');

-- A hold that was of several such hops stays with the first that has money on hold; the engine begins those of the others.
UPDATE account_hold a SET account_key = 'NOTSTATED|' || a.case_no || '|' || (
    SELECT h.hop_no FROM hop h
    JOIN held_hop USING (case_no, hop_no)
    LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
    WHERE h.case_no = a.case_no AND h.institution = a.institution AND starts_with(h.account_key, 'NOTSTATED|')
    ORDER BY coalesce(b.balance_paise, 0) > 0 DESC, h.hop_no LIMIT 1)
WHERE a.account_key IN ('', 'NOTSTATED');
UPDATE held_hop u SET taken_up_at = NULL FROM hop h, ledger_balance b
WHERE h.case_no = u.case_no AND h.hop_no = u.hop_no AND starts_with(h.account_key, 'NOTSTATED|')
  AND b.case_no = u.case_no AND b.hop_no = u.hop_no AND b.bucket = 'held' AND b.balance_paise > 0
  AND NOT EXISTS (SELECT FROM account_hold a WHERE a.case_no = h.case_no AND a.institution = h.institution
      AND a.account_key = h.account_key);
