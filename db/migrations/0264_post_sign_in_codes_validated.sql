-- Links of before 0164 keep its rules. This reads the table while others write.
ALTER TABLE sign_in_link VALIDATE CONSTRAINT sign_in_link_proposal_id_fkey;
ALTER TABLE sign_in_link VALIDATE CONSTRAINT sign_in_link_code_digest_check;
ALTER TABLE sign_in_link VALIDATE CONSTRAINT sign_in_link_wrong_codes_check;
ALTER TABLE sign_in_link VALIDATE CONSTRAINT sign_in_link_has_code;
ALTER TABLE sign_in_link VALIDATE CONSTRAINT sign_in_link_of_officers_has_code;
ALTER TABLE sign_in_link VALIDATE CONSTRAINT sign_in_link_used_after_few_codes;
