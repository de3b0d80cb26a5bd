-- Rows of before 0118 keep its rules. This reads the table while others write.
ALTER TABLE draft VALIDATE CONSTRAINT draft_source_check;
ALTER TABLE draft VALIDATE CONSTRAINT draft_of_public_form;
