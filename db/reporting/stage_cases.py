"""The cases behind a figure of a stage, and the conditions of lists of cases."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from asyncpg import Record

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import condition
from db.reporting.stage_times import Span, Targets, of_now, source_of, target_arrays
from db.task_owners import IS_OWNED
from domain.errors import BadCursor
from schemas.base import FrozenModel
from schemas.enums import LateBy, TimedStage
from schemas.privacy.personal_data import Within
from schemas.reporting.figures import BreachPage, StageCase, StageCasePage, StageCases, StageGroup
from schemas.reporting.wall import LateStage
from schemas.restoration_enums import CaseDuty

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
            clause = condition(self._case, "{0}", "{1}").strip().removeprefix("AND ")
            self.add(clause, within.officer_id, list(within.districts))

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


_DUE: Final = "coalesce(f.due_at, f.began_at + make_interval(secs => g.policy_seconds))"
_LEGAL_DUE: Final = "f.began_at + make_interval(secs => g.legal_seconds)"

_LISTED: Final = f"""
SELECT f.stage, f.case_no, f.subject, f.bank, i.name AS bank_name, f.counted_at, f.began_at, f.ended_at,
    {_DUE} AS due_at, {_LEGAL_DUE} AS legal_due_at, {OFFICER.format(case="f.case_no")} AS officer_name,
    greatest(0, extract(epoch FROM coalesce(f.ended_at, {{now}}) - f.began_at)::float8) AS seconds
FROM ({{source}}) AS f JOIN complaint k ON k.ack_no = f.case_no JOIN victim v ON v.victim_id = k.victim_id
LEFT JOIN institution i ON i.code = f.bank
JOIN unnest({{targets}}) AS g (stage, answer_class, policy_seconds, legal_seconds)
    ON g.stage = f.stage AND (g.answer_class = '' OR g.answer_class = i.answer_class)
"""

_OF_GROUP: Final[dict[StageGroup, str]] = {
    StageGroup.DISTRICT: f"{DISTRICT} = ${{0}}",
    StageGroup.BANK: "f.bank = ${0}",
    StageGroup.CHANNEL: "k.channel = ${0}",
    StageGroup.WIRE: "f.wire = ${0}",
    StageGroup.HOUR: "to_char(f.counted_at AT TIME ZONE 'Asia/Kolkata', 'HH24') = ${0}",
    StageGroup.CATEGORY: "k.category = ${0}"
    " AND NOT EXISTS (SELECT FROM complaint m WHERE m.case_no = f.case_no AND m.marked)",
}
"""the cases of one row of a report; those of a team are the cases of its districts"""
_ONLY: Final[dict[StageCases, str]] = {
    StageCases.ENDED: "f.ended_at IS NOT NULL",
    StageCases.WAITING: "f.ended_at IS NULL AND f.waits",
    StageCases.LATE: f"(f.ended_at > {_DUE} OR (f.ended_at IS NULL AND f.waits AND $3 > {_DUE}))",
}


class BehindFigure(FrozenModel):
    """Which cases are asked for: those behind one figure, in the cases that the officer reads."""

    stage: TimedStage
    late_by: LateBy
    only: StageCases = StageCases.ALL
    by: StageGroup | None = None
    about: str = ""
    districts: tuple[str, ...] | None = None
    """keys of the districts that the figure counts; None for all"""
    within: Within | None = None


class Overdue(FrozenModel):
    """Which breaches are asked for."""

    late_by: dict[TimedStage, LateBy]
    """the stages, with who is late"""
    bank: str | None = None
    districts: tuple[str, ...] | None = None
    within: Within | None = None


async def behind(
    connection: Connection, span: Span, asked: BehindFigure, after: str | None, limit: int
) -> StageCasePage:
    """Return the cases behind a figure, the newest first. Raises `BadCursor`."""
    conditions = Conditions(span.values(), "f.case_no")
    conditions.add("f.stage = ${0}", asked.stage.value)
    if asked.by is not None and asked.by in _OF_GROUP:
        conditions.add(_OF_GROUP[asked.by], asked.about)
    if asked.only in _ONLY:
        conditions.add(_ONLY[asked.only])
    conditions.confine(asked.districts, asked.within)
    if after is not None:
        counted_at, case_no, subject = from_cursor(after, str, str, str)
        conditions.add(
            "(f.counted_at, f.case_no, f.subject) < (${0}, ${1}, ${2})", moment_of(counted_at), case_no, subject
        )
    statement = _listed(source_of(asked.stage).over(), now=3, targets=4) + (
        f" WHERE {conditions.where()} ORDER BY f.counted_at DESC, f.case_no DESC, f.subject DESC LIMIT {int(limit) + 1}"
    )
    rows, more = cut(await connection.fetch(statement, *conditions.values), limit)
    last = rows[-1] if more else None
    return StageCasePage(
        as_of=span.as_of,
        items=tuple(_case(row, asked.late_by) for row in rows),
        next=to_cursor(last["counted_at"].isoformat(), last["case_no"], last["subject"]) if last else None,
    )


async def breaches(
    connection: Connection, now: datetime, targets: Targets, asked: Overdue, after: str | None, limit: int
) -> BreachPage:
    """Return what waits and is past its target, the longest first. Raises `BadCursor`."""
    conditions = Conditions((now, *targets.values()), "f.case_no")
    conditions.add(f"f.waits AND {_DUE} < $1")
    conditions.add("f.stage = ANY(${0}::text[])", [stage.value for stage in asked.late_by])
    if asked.bank is not None:
        conditions.add("f.bank = ${0}", asked.bank)
    conditions.confine(asked.districts, asked.within)
    if after is not None:
        due_at, stage, case_no, subject = from_cursor(after, str, str, str, str)
        position = f"({_DUE}, f.stage, f.case_no, f.subject) > (${{0}}, ${{1}}, ${{2}}, ${{3}})"
        conditions.add(position, moment_of(due_at), stage, case_no, subject)
    statement = _listed(of_now(asked.late_by), now=1, targets=2) + (
        f" WHERE {conditions.where()} ORDER BY {_DUE}, f.stage, f.case_no, f.subject LIMIT {int(limit) + 1}"
    )
    rows, more = cut(await connection.fetch(statement, *conditions.values), limit)
    last = rows[-1] if more else None
    return BreachPage(
        as_of=now,
        items=tuple(_case(row, asked.late_by[TimedStage(row["stage"])]) for row in rows),
        next=(to_cursor(last["due_at"].isoformat(), last["stage"], last["case_no"], last["subject"]) if last else None),
    )


async def breached(
    connection: Connection,
    since: datetime,
    now: datetime,
    targets: Targets,
    late_by: Mapping[TimedStage, LateBy],
    limit: int,
) -> list[StageCase]:
    """Return what waits and passed its target after `since`, the longest first."""
    statement = _listed(of_now(late_by), now=1, targets=2) + (
        f" WHERE f.waits AND {_DUE} > $6 AND {_DUE} <= $1 ORDER BY {_DUE} LIMIT {int(limit)}"
    )
    rows = await connection.fetch(statement, now, *targets.values(), since)
    return [_case(row, late_by[TimedStage(row["stage"])]) for row in rows]


async def overdue_counts(connection: Connection, now: datetime, targets: Targets) -> list[LateStage]:
    """Return the stages in which something waits past its target, with how many and by how much at most."""
    listed = f"{_listed(of_now(), now=1, targets=2)} WHERE f.waits AND {_DUE} < $1"
    rows = await connection.fetch(
        "SELECT stage, count(*)::int AS late, max(extract(epoch FROM $1 - due_at))::float8 AS seconds"
        f" FROM ({listed}) AS listed GROUP BY stage",
        now,
        *targets.values(),
    )
    by_stage = {
        row["stage"]: LateStage(stage=row["stage"], late=row["late"], most_seconds=row["seconds"]) for row in rows
    }
    return [by_stage[stage] for stage in TimedStage if stage in by_stage]


def _listed(source: str, now: int, targets: int) -> str:
    return _LISTED.format(source=source, now=f"${now}::timestamptz", targets=target_arrays(targets))


def _case(row: Record, late_by: LateBy) -> StageCase:
    return StageCase(
        stage=row["stage"],
        late_by=late_by,
        case_ack_no=row["case_no"],
        subject=row["subject"],
        institution=row["bank"],
        institution_name=row["bank_name"],
        began_at=row["began_at"],
        ended_at=row["ended_at"],
        due_at=row["due_at"],
        legal_due_at=row["legal_due_at"],
        seconds=row["seconds"],
        officer_name=row["officer_name"],
    )
