-- Messages, contacts and texts of before 0047 keep the rules that were added there. This reads the tables while others
-- write. The triggers come in the next file, because making them stops writers.
ALTER TABLE message VALIDATE CONSTRAINT message_sealed_is_whole;
ALTER TABLE message VALIDATE CONSTRAINT message_person_id_fkey;
ALTER TABLE holder_contact VALIDATE CONSTRAINT holder_contact_sealed_is_whole;
ALTER TABLE holder_contact VALIDATE CONSTRAINT holder_contact_person_id_fkey;
ALTER TABLE holder_contact_change VALIDATE CONSTRAINT holder_contact_change_sealed_is_whole;
ALTER TABLE holder_contact_change VALIDATE CONSTRAINT holder_contact_change_person_id_fkey;
ALTER TABLE credit_account VALIDATE CONSTRAINT credit_account_sealed_is_whole;
ALTER TABLE credit_account VALIDATE CONSTRAINT credit_account_person_id_fkey;
ALTER TABLE grievance VALIDATE CONSTRAINT grievance_sealed_is_whole;
ALTER TABLE grievance VALIDATE CONSTRAINT grievance_person_id_fkey;
ALTER TABLE grievance_level VALIDATE CONSTRAINT grievance_level_sealed_is_whole;
ALTER TABLE grievance_level VALIDATE CONSTRAINT grievance_level_person_id_fkey;
ALTER TABLE objection VALIDATE CONSTRAINT objection_sealed_is_whole;
ALTER TABLE objection VALIDATE CONSTRAINT objection_person_id_fkey;
ALTER TABLE release_hearing VALIDATE CONSTRAINT release_hearing_sealed_is_whole;
ALTER TABLE release_hearing VALIDATE CONSTRAINT release_hearing_person_id_fkey;
