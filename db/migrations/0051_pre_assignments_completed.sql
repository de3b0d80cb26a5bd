-- A procedure that began in a settled case between the copy of 0049 and the trigger of 0050 gets its row. There are few.
INSERT INTO case_assignment (case_no, io, io_since, supervising, supervising_since, look_at)
SELECT f.case_no, n.io, n.io_since, n.supervising, n.supervising_since,
    CASE WHEN n.io IS NULL OR n.supervising IS NULL THEN f.opened_at END
FROM case_file f CROSS JOIN LATERAL newest_officers(f.case_no) n
WHERE EXISTS (SELECT FROM procedure p WHERE p.case_no = f.case_no AND p.ended_at IS NULL)
    AND NOT EXISTS (SELECT FROM case_assignment a WHERE a.case_no = f.case_no)
ON CONFLICT DO NOTHING;
