-- outside a transaction
-- An officer finds the cases of an account without its bank, also of hops whose bank is not known yet. The columns are
-- those of the index before, so a hop costs no more to write.
CREATE INDEX CONCURRENTLY IF NOT EXISTS hop_account_of_any_bank ON hop (account_key, institution, case_no, hop_no);
DROP INDEX CONCURRENTLY IF EXISTS hop_account_case;
-- A victim's complaints are found without reading those of all others.
CREATE INDEX CONCURRENTLY IF NOT EXISTS complaint_victim ON complaint (victim_id);
-- A victim reads references and accounts as they were told first, and the hop may have been corrected since.
CREATE INDEX CONCURRENTLY IF NOT EXISTS complaint_transfer_rrn ON complaint_transfer
    (upper(regexp_replace(rrn, '[\s\-/|]+', '', 'g'))) WHERE rrn IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS complaint_transfer_utr ON complaint_transfer
    (upper(regexp_replace(utr, '[\s\-/|]+', '', 'g'))) WHERE utr IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS complaint_transfer_payer ON complaint_transfer
    (ltrim(upper(regexp_replace(payer_holder, '[\s\-/]+', '', 'g')), '0'));
CREATE INDEX CONCURRENTLY IF NOT EXISTS complaint_transfer_payer_vpa ON complaint_transfer
    (ltrim(upper(regexp_replace(payer_vpa, '[\s\-/]+', '', 'g')), '0')) WHERE payer_vpa IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS complaint_transfer_payee_vpa ON complaint_transfer
    (ltrim(upper(regexp_replace(payee_vpa, '[\s\-/]+', '', 'g')), '0')) WHERE payee_vpa IS NOT NULL;
