-- A body that a bank sends again is judged anew when a line of it named no hop the first time and names one now: the
-- unchanged bytes are then a further update, numbered by how often they were judged before.

ALTER TABLE status_update ADD COLUMN said_again integer NOT NULL DEFAULT 0;
ALTER TABLE status_update DROP CONSTRAINT status_update_institution_body_digest_key;
ALTER TABLE status_update ADD UNIQUE (institution, body_digest, said_again);
