"""The page about a victim's own complaint, and the two questions on how victims were treated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, ip_address
from typing import Final

from domain.recovery.procedure import STEPS, steps_of
from schemas.enums import Bucket
from schemas.people.my_case import ClaimState, MyCase, NewTreatment, OwnRestoration, SaidAnswer
from schemas.recovery.officer_steps import ContestedTransfer
from schemas.restoration_enums import AddressClass, RestorationState, Route, Step

PLACED: Final = tuple(bucket for bucket in Bucket if bucket not in {Bucket.LOST, Bucket.PROPOSED, Bucket.IN_PLAY})
"""buckets of money whose place a bank has stated"""
_BY_A_COURT: Final = frozenset({Step.COURT_ORDER, Step.LOK_ADALAT_AWARD, Step.DISTRIBUTION})
"""steps whose end the police do not set"""


class StageState(StrEnum):
    """State of one stage of the way to the credit."""

    DONE = "done"
    NOW = "now"
    LATE = "late"
    """now, and past its time"""
    COMING = "coming"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the way to the credit."""

    step: Step
    state: StageState
    at: datetime | None
    """end of a done one, else the expected end; None if it cannot be said yet"""


@dataclass(frozen=True, slots=True)
class Claim:
    """How a transfer of a complaint stands beside another complaint, or beside the statement of the victim's bank."""

    state: ClaimState
    decided_at: datetime | None = None
    given_to: str | None = None
    """complaint of the same victim that the money belongs to, if it is of another case"""


class Todo(StrEnum):
    """Act that the victim must do now."""

    SIGN_APPLICATION = "sign_application"
    SIGN_FIR = "sign_fir"
    GIVE_BOND = "give_bond"


def stages(restoration: OwnRestoration, now: datetime) -> tuple[Stage, ...]:
    """Return the stages of an open restoration: done, open and coming, with their ends.

    A coming stage ends when the ones before it end, and its own time is over. After a step that a court ends nothing
    is said, because the police do not set that time. Without a route the usual stages are shown up to the
    verification.
    """
    done = {visit.step: visit.ended_at for visit in restoration.done}
    steps = steps_of(restoration.route, restoration.bond_for) if restoration.route else STEPS[Route.NO_COURT][:3]
    done_steps = [step for step in steps if step in done and steps.index(step) < _place(steps, restoration.step)]
    shown = [Stage(step, StageState.DONE, done[step]) for step in done_steps]
    is_late = restoration.due_at is not None and restoration.due_at < now
    shown.append(Stage(restoration.step, StageState.LATE if is_late else StageState.NOW, restoration.due_at))
    # What is late already ends today at the earliest.
    expected = max(restoration.due_at, now) if restoration.due_at else None
    for step in steps[_place(steps, restoration.step) + 1 :]:
        if step in done:
            shown.append(Stage(step, StageState.DONE, done[step]))
            continue
        seconds = restoration.step_seconds.get(step)
        is_set = expected is not None and seconds is not None and step not in _BY_A_COURT
        expected = expected + timedelta(seconds=seconds) if is_set and expected and seconds else None
        shown.append(Stage(step, StageState.COMING, expected))
    return tuple(shown)


def _place(steps: tuple[Step, ...], step: Step) -> int:
    """Return the place of a step in a route. A step of another route stands first."""
    return steps.index(step) if step in steps else -1


def todos(my_case: MyCase) -> tuple[Todo, ...]:
    """Return what the victim must do now, the most urgent first."""
    wanted = []
    if my_case.fir_sign_by is not None and my_case.fir_sign_by > my_case.as_of:
        wanted.append(Todo.SIGN_FIR)
    if my_case.application is not None:
        wanted.append(Todo.SIGN_APPLICATION)
    restoration = my_case.restoration
    if restoration is not None and restoration.state is RestorationState.OPEN and restoration.step is Step.BOND:
        wanted.append(Todo.GIVE_BOND)
    return tuple(wanted)


def claim_of(ack_no: str, contested: ContestedTransfer | None, *, is_own: bool) -> Claim | None:
    """Return how a transfer of a complaint stands beside another complaint; None if its money is only of this one.

    `contested` has what the complaints and the victim's bank say of the payer, if they differ.
    """
    if contested is None:
        return None if is_own else Claim(ClaimState.COUNTED)
    decided = max(
        (decision for decision in contested.decisions if decision.agreed_at),
        key=lambda decision: decision.decision_id,
        default=None,
    )
    if contested.undecided or decided is None:
        return Claim(ClaimState.UNDECIDED)
    if is_own:
        return Claim(ClaimState.OWN, decided.agreed_at)
    if decided.ack_no == ack_no:
        return Claim(ClaimState.OWN, decided.agreed_at, decided.given_to)
    return Claim(ClaimState.OTHERS, decided.agreed_at)


def has_first_outcome(sums: Mapping[Bucket, int]) -> bool:
    """Return whether a bank has stated the place of any money, so that the victim can judge how it went."""
    return any(sums.get(bucket, 0) for bucket in PLACED)


def address_class(address: str) -> AddressClass:
    """Return the kind of a network address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return AddressClass.UNKNOWN
    if not parsed.is_global:
        return AddressClass.PRIVATE
    return AddressClass.IPV4 if isinstance(parsed, IPv4Address) else AddressClass.IPV6


Counts = Mapping[SaidAnswer, int]
HIDDEN_TOGETHER: Final = 2
"""least number of hidden rows: one alone would follow from the total"""


def is_alarming(answers: NewTreatment) -> bool:
    """Return whether a supervisor must read an answer."""
    return answers.respected is SaidAnswer.NO


def shown(answers: Mapping[str, int], at_least: int) -> frozenset[str]:
    """Return the rows whose counts may be shown, by the number of answers of each.

    A row of few answers is hidden. If it were hidden alone it would follow from the total, so the next smallest is
    hidden too.
    """
    hidden = {about for about, count in answers.items() if 0 < count < at_least}
    others = sorted((count, about) for about, count in answers.items() if count >= at_least)
    while hidden and others and len(hidden) < HIDDEN_TOGETHER:
        hidden.add(others.pop(0)[1])
    return frozenset(answers) - hidden
