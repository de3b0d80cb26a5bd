"""The page of states: state machines of rows, restoration steps by route, grievance levels and duties."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from db import catalog
from db.pool import Connection
from domain.officers.officers import DECIDES
from domain.policy.model import Policy, load_policy
from domain.recovery.grievances import LEVELS, ROLES
from domain.recovery.procedure import RULES, back_to, steps_of
from schemas.enums import Role
from schemas.recovery.grievances import GrievanceVerb
from schemas.restoration_enums import DutyKind, RestorationVerb, Route, Step
from workers.reference.machines import MACHINES, START, Machine
from workers.reference.markdown import code, mermaid, page, table
from workers.reference.table_modules import check_complete
from workers.reference.units import duration

_INTRODUCTION: Final = """States are closed lists: an enum in `schemas/` and a check constraint in PostgreSQL. A
state that no arrow leaves is final. The changes are described by hand in `workers/reference/machines.py`; a test
compares the states with the enums and the checks."""
_DUTY: Final = """A duty has no column for its state: times on its row say where it stands. Its clocks are promised
when it opens, so a change of policy moves no duty that is open. Issuing its document does not end the duty to
report to the magistrate: the diary number of the court does."""


async def states_page(connection: Connection) -> str:
    """Return the page of states. Raises `Incomplete` where a machine and a check constraint differ."""
    allowed = {(rule.table, rule.column): rule.values for rule in await catalog.state_checks(connection)}
    for machine in MACHINES:
        states = [state.value for state in machine.states]
        check_complete(f"check of {machine.table}.{machine.column}", states, allowed[machine.table, machine.column])
        drawn = {name for change in machine.changes for name in (change.before, change.after)} - {START}
        check_complete(f"workers/reference/machines.py, {machine.title}", sorted(drawn), states)
    policy = load_policy()
    return page(
        "States",
        _INTRODUCTION,
        *(part for machine in MACHINES for part in _machine(machine)),
        "## Restoration steps by route",
        "The first step that is not done is the open one. `bond` follows on the routes that the policy names.",
        *(part for route in Route for part in _route(route, policy)),
        "### Actions on a step",
        _verbs(),
        "## Levels of a grievance",
        mermaid(_levels()),
        _level_times(policy),
        "### Actions on a grievance",
        table(["action", "roles"], [[code(verb.value), _roles(ROLES[verb])] for verb in GrievanceVerb]),
        "## Statutory duties",
        _DUTY,
        mermaid(_duty()),
        _duties(policy),
    )


def _machine(machine: Machine) -> Iterator[str]:
    yield f"## {machine.title}"
    yield f"Table `{machine.table}`, enum `{machine.states.__name__}`; written by {machine.written_in}."
    lines = [
        f"    {change.before} --> {change.after} : {change.by.replace('`', '').replace(':', ' -')}"
        for change in machine.changes
    ]
    yield mermaid(["stateDiagram-v2", *lines])


def _route(route: Route, policy: Policy) -> Iterator[str]:
    steps = steps_of(route, policy.restoration.bond_for)
    yield f"### Route `{route.value}`"
    yield mermaid(_steps(route, steps))
    rows = []
    for step in steps:
        clock = policy.restoration.steps[step]
        rows.append(
            [
                code(step.value),
                duration(clock.due_seconds),
                duration(clock.remind_before_seconds),
                duration(clock.escalate_after_seconds),
            ]
        )
    yield table(["step", "due after", "reminder before", "escalation after"], rows)


def _steps(route: Route, steps: Sequence[Step]) -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    {START} --> {steps[0]}"
    for step, following in pairwise(steps):
        yield f"    {step} --> {following}"
    yield f"    {steps[-1]} --> {START}"
    for step in steps:
        if step in RULES[RestorationVerb.SEND_BACK].steps:
            to = back_to(step, None, route)
            assert to is not None, "every step that is sent back has one before it"
            yield f"    {step} --> {to} : send_back"


def _verbs() -> str:
    rows = []
    for verb, rule in RULES.items():
        outcome = rule.outcome.value if rule.outcome else "the step stays open"
        closes = f"; restoration {code(rule.closes.value)}" if rule.closes else ""
        steps = "every step but " if len(rule.steps) > len(Step) // 2 else ""
        named = [step for step in Step if (step in rule.steps) is not bool(steps)]
        rows.append(
            [
                code(verb.value),
                steps + ", ".join(code(step.value) for step in named),
                _roles(rule.roles),
                outcome + closes,
            ]
        )
    return table(["action", "at", "roles", "ends the step as"], rows)


def _roles(roles: frozenset[Role]) -> str:
    return ", ".join(role.value for role in Role if role in roles)


def _levels() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    {START} --> {LEVELS[0]} : filed"
    for level, above in pairwise(LEVELS):
        yield f"    {level} --> {above} : {_why(level)}"
    for level in DECIDES:
        yield f"    {level} --> {START} : decide"


def _why(level: str) -> str:
    return "report, time over, or escalate" if level not in DECIDES else "time over, escalate, or appeal_on"


def _level_times(policy: Policy) -> str:
    rows = [
        [
            code(level.value),
            DECIDES[level].value if level in DECIDES else "no officer: the bank reports",
            duration(policy.grievance.level_seconds[level]),
        ]
        for level in LEVELS
    ]
    return table(["level", "decides", "has"], rows)


def _duty() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    {START} --> open : a hold, or an e-Zero FIR"
    yield "    open --> reminded : remind_at - the IO is told"
    yield "    reminded --> overdue : escalate_at - the supervising officer is told"
    yield "    reminded --> done : due_at - an unsigned e-Zero FIR lapses"
    for state in ("open", "reminded", "overdue"):
        yield f"    {state} --> done : done, or nothing is left to do"
    yield "    done --> open : more is on hold, or the FIR lapsed"


def _duties(policy: Policy) -> str:
    rows = []
    for kind in DutyKind:
        clock = policy.police.duties[kind]
        rows.append(
            [
                code(kind.value),
                duration(clock.due_seconds),
                duration(clock.remind_before_seconds),
                duration(clock.escalate_after_seconds),
                clock.source,
            ]
        )
    return table(["duty", "due after", "reminder before", "escalation after", "source"], rows)
