"""Deadlines of work items: of the step, appeal, duty, hold or promised call that each is about."""

from typing import Final

DEADLINE: Final = """
CASE t.subject_kind
    WHEN 'restoration' THEN (SELECT s.due_at FROM restoration_step s
        WHERE s.restoration_id = t.subject_id::uuid AND s.ended_at IS NULL ORDER BY s.opened_at DESC LIMIT 1)
    WHEN 'grievance' THEN (SELECT l.due_at FROM grievance_level l
        WHERE l.grievance_id = t.subject_id::uuid AND l.ended_at IS NULL ORDER BY l.opened_at DESC LIMIT 1)
    WHEN 'duty' THEN (SELECT d.due_at FROM duty d
        WHERE d.case_no = t.case_no AND d.kind = t.subject_id AND d.done_at IS NULL)
    WHEN 'hold' THEN (SELECT h.lapses_at FROM account_hold h
        WHERE h.hold_id = t.subject_id::uuid AND h.state = 'held')
    WHEN 'request' THEN (SELECT min(p.due_at) FROM call_back p
        WHERE p.request_id = t.request_id AND p.ended_at IS NULL)
END
"""
"""SQL for the deadline of the work item `t`; null if it has none"""
