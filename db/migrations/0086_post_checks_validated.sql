-- Rows of before 0013 and 0016 keep the rules that were added there. This reads the tables while others write.
ALTER TABLE ledger_balance VALIDATE CONSTRAINT ledger_balance_sign;
ALTER TABLE ledger_entry VALIDATE CONSTRAINT ledger_entry_bucket_check;
ALTER TABLE payer_decision VALIDATE CONSTRAINT payer_decision_ack_no_fkey;
ALTER TABLE payer_decision VALIDATE CONSTRAINT payer_decision_given_to_fkey;
ALTER TABLE payer_decision VALIDATE CONSTRAINT payer_decision_given_when_agreed;
