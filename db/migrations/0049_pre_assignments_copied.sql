-- The open cases of before 0036 get their officers in `case_assignment`, and the engine looks for those that are missing.
-- This locks only the rows that it writes. A row that a new assignment has made meanwhile keeps its officers.
INSERT INTO case_assignment AS a (case_no, io, io_since, supervising, supervising_since, look_at)
SELECT f.case_no, n.io, n.io_since, n.supervising, n.supervising_since,
    CASE WHEN n.io IS NULL OR n.supervising IS NULL THEN f.opened_at END
FROM case_file f CROSS JOIN LATERAL newest_officers(f.case_no) n
WHERE f.state = 'open' OR EXISTS (SELECT FROM procedure p WHERE p.case_no = f.case_no AND p.ended_at IS NULL)
ON CONFLICT (case_no) DO UPDATE SET look_at = EXCLUDED.look_at
WHERE a.look_at IS NULL AND (a.io IS NULL OR a.supervising IS NULL);
