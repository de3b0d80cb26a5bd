-- Whoever recorded an order may take it back alone, as long as no second officer has confirmed it.
ALTER TABLE court_order
    ADD CONSTRAINT court_order_withdrawn_by_two
        CHECK (withdrawn_at IS NULL OR ended_as IS NOT NULL OR effect NOT IN ('keep_hold', 'restore')
            OR (second_needed AND confirmed_at IS NULL AND person_of(withdrawn_by) = person_of(taken_by))
            OR (withdrawal_asked_by IS NOT NULL AND person_of(withdrawn_by) <> person_of(withdrawal_asked_by))) NOT VALID;
ALTER TABLE court_order VALIDATE CONSTRAINT court_order_withdrawal_asked;
