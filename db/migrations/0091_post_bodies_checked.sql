-- Bodies and answers of before 0052 keep the rules that were added there. This reads the tables while others write. The
-- triggers come in the next file, because making them stops writers.
ALTER TABLE person_key VALIDATE CONSTRAINT person_key_case_no_fkey;
ALTER TABLE person_key VALIDATE CONSTRAINT person_key_institution_fkey;
ALTER TABLE person_key VALIDATE CONSTRAINT person_key_one_owner;
ALTER TABLE bank_exchange VALIDATE CONSTRAINT bank_exchange_sealed_is_whole;
ALTER TABLE bank_exchange VALIDATE CONSTRAINT bank_exchange_sealed_as_sent;
ALTER TABLE bank_body VALIDATE CONSTRAINT bank_body_check;
ALTER TABLE bank_body VALIDATE CONSTRAINT bank_body_sealed_is_whole;
ALTER TABLE bank_evidence VALIDATE CONSTRAINT bank_evidence_check;
ALTER TABLE bank_evidence VALIDATE CONSTRAINT bank_evidence_sealed_is_whole;
ALTER TABLE reply_form VALIDATE CONSTRAINT reply_form_sealed_is_whole;
ALTER TABLE answer VALIDATE CONSTRAINT answer_sealed_is_whole;
