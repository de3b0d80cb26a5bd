-- Entries of before 0140 keep its rules. This reads the table while others write.
ALTER TABLE sign_in_entry VALIDATE CONSTRAINT sign_in_entry_outcome_check;
ALTER TABLE sign_in_entry VALIDATE CONSTRAINT sign_in_entry_session;
