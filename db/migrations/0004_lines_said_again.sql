-- A line that named no hop of its bank may be taken when it is said again: the hop may have been opened since.
-- `answer.hop_nos` is empty for such a line.

DROP INDEX answer_once;
CREATE UNIQUE INDEX answer_once ON answer (case_no, institution, natural_key)
    WHERE disposition <> 'duplicate' AND hop_nos <> '{}';
