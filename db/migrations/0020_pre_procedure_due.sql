-- The deadlines of holds and of statutory duties are rows that one loop reads. A workflow for each of them took more time
-- of the processor than the golden hour. A row of before is due at once, because only its workflow knew its next deadline.
ALTER TABLE procedure ADD COLUMN due_at timestamp with time zone DEFAULT now();

COMMENT ON COLUMN procedure.due_at IS 'when the procedure starter attends to a hold or to duties next; at no time if null';
