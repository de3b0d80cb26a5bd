-- Rows of before 0130 keep its rules. This reads the table while others write.
ALTER TABLE script_token VALIDATE CONSTRAINT script_token_placed;
ALTER TABLE script_token VALIDATE CONSTRAINT script_token_no_second_officer;
