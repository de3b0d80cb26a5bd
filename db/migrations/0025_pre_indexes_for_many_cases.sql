-- outside a transaction
-- What is read about one case, one account or one page of a list stays as small as it is, however many cases there are.
CREATE INDEX CONCURRENTLY IF NOT EXISTS hop_account_case ON hop (institution, account_key, case_no, hop_no)
    WHERE institution IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS hop_account;
CREATE INDEX CONCURRENTLY IF NOT EXISTS account_hold_account_case ON account_hold (institution, account_key, case_no);
DROP INDEX CONCURRENTLY IF EXISTS account_hold_account;
CREATE INDEX CONCURRENTLY IF NOT EXISTS answer_balance ON answer (case_no, (hop_nos[1])) WHERE balance_paise IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS case_file_by_state ON case_file (state, opened_at DESC, case_no DESC);
