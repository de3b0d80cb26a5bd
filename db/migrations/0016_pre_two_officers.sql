-- Two officers may find that a victim whose complaint is in another case paid a transfer: the money goes to a complaint
-- of that victim in the case of the transfer, which the agreement opens.
ALTER TABLE payer_decision ADD COLUMN given_to text, DROP CONSTRAINT payer_decision_case_no_ack_no_fkey;
ALTER TABLE payer_decision
    ADD CONSTRAINT payer_decision_ack_no_fkey FOREIGN KEY (ack_no) REFERENCES complaint (ack_no) NOT VALID,
    ADD CONSTRAINT payer_decision_given_to_fkey FOREIGN KEY (case_no, given_to) REFERENCES complaint (case_no, ack_no)
        NOT VALID,
    ADD CONSTRAINT payer_decision_given_when_agreed CHECK (given_to IS NULL OR agreed_at IS NOT NULL) NOT VALID;

COMMENT ON COLUMN payer_decision.given_to IS
    'the victim''s complaint in this case that owns the money, if the complaint that is right is in another case';
