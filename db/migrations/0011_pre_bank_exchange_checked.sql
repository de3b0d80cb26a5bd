-- The rows that were there before obey the new subjects of an exchange too: checked here, so that the lock of 0010 is short.

ALTER TABLE bank_exchange VALIDATE CONSTRAINT bank_exchange_inquiry_id_fkey;
ALTER TABLE bank_exchange VALIDATE CONSTRAINT bank_exchange_about_check;
ALTER TABLE bank_exchange VALIDATE CONSTRAINT bank_exchange_about;
