"""Keys of victims and account holders, tried on what they seal: a changed or missing key is noticed."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from db.pool import Connection
from db.privacy.body_keys import BodyState, OpensBody, StoredBody
from domain.evidence.integrity import PersonRecord, PersonState

# One sealed value tells as much as all. A victim's data is bound to its number alone.
_PERSONS: Final = """
SELECT c.case_no, 'victim of ' || c.ack_no AS name, v.person_id, k.wrapped, v.sealed, '' AS use,
    k.wrapped IS NULL AND EXISTS (
        SELECT FROM complaint o JOIN case_event e USING (case_no)
        WHERE o.victim_id = v.victim_id AND e.kind = 'victim_erased' AND e.data -> 'ack_nos' ? c.ack_no) AS is_logged
FROM complaint c JOIN victim v USING (victim_id) JOIN person_key k USING (person_id)
WHERE c.case_no = ANY($1)
UNION ALL
SELECT a.case_no, 'holder under ' || a.hold_id, h.person_id, k.wrapped, s.sealed, s.use,
    k.wrapped IS NULL AND EXISTS (
        SELECT FROM case_event e WHERE e.case_no = a.case_no AND e.kind = 'holder_erased'
            AND e.data ->> 'hold_id' = a.hold_id::text)
FROM account_hold a JOIN holder_key h USING (hold_id) JOIN person_key k USING (person_id)
CROSS JOIN LATERAL (
    SELECT o.sealed, 'contact of ' || o.hold_id AS use FROM holder_contact o
    WHERE o.hold_id = a.hold_id AND o.person_id = h.person_id
    UNION ALL (
        SELECT m.sealed_head, 'head of ' || m.message_id FROM message m
        WHERE m.case_no = a.case_no AND m.person_id = h.person_id LIMIT 1)
    LIMIT 1
) AS s
WHERE a.case_no = ANY($1)
"""

_STATES: Final = {
    BodyState.OPEN: PersonState.OPENS,
    BodyState.UNKNOWN_KEY: PersonState.UNKNOWN_KEY,
    BodyState.CHANGED: PersonState.CHANGED,
}


async def person_records(
    connection: Connection, case_nos: Sequence[str], opens: OpensBody
) -> dict[str, list[PersonRecord]]:
    """Return what became of the key of each victim and account holder of these cases, by case."""
    found: dict[str, list[PersonRecord]] = defaultdict(list)
    for row in await connection.fetch(_PERSONS, list(case_nos)):
        opened = opens(StoredBody(row["person_id"], row["wrapped"], row["sealed"], row["use"]))
        if opened.state is BodyState.ERASED:
            state = PersonState.ERASED if row["is_logged"] else PersonState.ERASED_UNLOGGED
        else:
            state = _STATES[opened.state]
        found[row["case_no"]].append(PersonRecord(row["name"], state))
    return found
