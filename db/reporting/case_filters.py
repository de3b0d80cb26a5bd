"""Conditions of a statement that lists cases, with their parameters: districts, and the cases of an officer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from db.privacy.jurisdiction import condition
from db.task_owners import IS_OWNED
from domain.errors import BadCursor
from schemas.privacy.jurisdiction import Within
from schemas.recovery.police import CaseDuty

DISTRICT: Final = "upper(trim(v.district))"
"""the key of the district of a case, whose first complaint's victim is `v`"""

OFFICER: Final = f"""
coalesce((
    SELECT io.name FROM case_officer io WHERE io.case_no = {{case}} AND io.duty = '{CaseDuty.IO.value}'
    ORDER BY io.assignment_no DESC LIMIT 1
), (
    SELECT coalesce(had.name, own.owner) FROM desk_task t JOIN task_owner own USING (task_id)
    LEFT JOIN officer had ON had.officer_id = own.owner
    WHERE t.case_no = {{case}} AND t.state = 'open' AND {IS_OWNED.format(now="present_moment()")}
    ORDER BY own.since LIMIT 1
))
"""
"""name of a case's investigating officer, else of the officer who has an open work item of it for the longest time"""


class Conditions:
    """Conditions of a statement, with their parameters after those that it has."""

    def __init__(self, values: Sequence[object], case: str) -> None:
        self.values: list[object] = list(values)
        self.texts: list[str] = []
        self._case = case

    def add(self, text: str, *values: object) -> None:
        """Add a condition; `{0}` and so on are the numbers of its parameters."""
        first = len(self.values) + 1
        self.values += values
        self.texts.append(text.format(*range(first, first + len(values))))

    def confine(self, districts: Sequence[str] | None, within: Within | None) -> None:
        """Add the districts, and the cases of an officer."""
        if districts is not None:
            self.add(f"{DISTRICT} = ANY(${{0}}::text[])", list(districts))
        if within is not None:
            found = condition(self._case, "{0}", "{1}").strip().removeprefix("AND ")
            self.add(found, within.officer_id, list(within.districts))

    def where(self) -> str:
        """Return the text of all conditions."""
        return " AND ".join(self.texts) or "true"


def moment_of(text: int | str) -> datetime:
    """Return the moment that a cursor names. Raises `BadCursor`."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise BadCursor from None
    if moment.tzinfo is None:
        raise BadCursor
    return moment
