-- By time before bank: led by the bank, a planner without statistics takes the index for statements that find requests by
-- their case, and reads all that was ever asked of the bank.
DROP INDEX hold_request_institution;
CREATE INDEX hold_request_sent ON hold_request (sent_at, institution);
