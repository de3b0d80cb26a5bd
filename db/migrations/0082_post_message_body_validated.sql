-- Messages of before 0046 keep the rule that was changed there. This reads the table while others write.
ALTER TABLE message VALIDATE CONSTRAINT message_body_check;
