"""Texts about one complaint in the visitor's language: its money, its stages, and the victim's duties."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.public_pages import exact_rupees
from domain.people.my_case import Stage, StageState, stages, todos
from schemas.enums import Bucket
from schemas.people.my_case import ClaimState, MyCase, OwnClaim, Place
from schemas.restoration_enums import RestorationState, Step
from schemas.text import IST

Say = Mapping[str, str]

ORDER: Final = (
    Bucket.RESTORED,
    Bucket.HELD,
    Bucket.IN_PLAY,
    Bucket.UNTRACED,
    Bucket.REFUSED,
    Bucket.WITHDRAWN,
    Bucket.SPENT,
    Bucket.RELEASED,
)
"""order in which the page lists the buckets: what came back first, what is gone last"""
BANKS_NAMED_MAX: Final = 5
BAR_WIDTH: Final = 1_000
"""of the picture; a bucket has at least `BAR_LEAST` of it"""
BAR_LEAST: Final = 30


def day(at: datetime, say: Say) -> str:
    """Return the day in Indian time, with the name of the month."""
    here = at.astimezone(IST)
    return f"{here.day} {say['months'].split()[here.month - 1]} {here.year}"


def moment(at: datetime, say: Say) -> str:
    """Return the day and the time in Indian time."""
    return f"{day(at, say)}, {at.astimezone(IST):%H:%M} IST"


@dataclass(frozen=True, slots=True)
class Heap:
    """Money of the complaint in one bucket, as the page says it."""

    bucket: str
    letter: str
    says: str
    text: str
    x: int
    width: int
    """place and width in the bar"""


def heaps(own_case: MyCase, say: Say) -> list[Heap]:
    """Return the buckets that are not empty, in the order of the page."""
    kept = [(bucket, own_case.sums[bucket]) for bucket in ORDER if own_case.sums.get(bucket)]
    whole = sum(paise for _, paise in kept) or 1
    free = BAR_WIDTH - BAR_LEAST * len(kept)
    shown, x = [], 0
    for bucket, paise in kept:
        width = BAR_LEAST + free * paise // whole
        shown.append(
            Heap(
                bucket=bucket.value,
                letter=say[f"letter_{bucket.value}"],
                says=say[f"is_{bucket.value}"].format(amount=exact_rupees(paise)),
                text=say[f"about_{bucket.value}"].format(banks=_banks(own_case, bucket, say)),
                x=x,
                width=width,
            )
        )
        x += width
    return shown


def _banks(own_case: MyCase, bucket: Bucket, say: Say) -> str:
    """Return the banks where money of a bucket is, those with most first."""
    sums: dict[str, int] = {}
    for transfer in own_case.transfers:
        for place in transfer.places:
            if place.bucket is bucket:
                bank = place.bank or say["bank_unknown"]
                sums[bank] = sums.get(bank, 0) + place.amount_paise
    banks = sorted(sums, key=lambda bank: (-sums[bank], bank))
    more = len(banks) - BANKS_NAMED_MAX
    named = ", ".join(banks[:BANKS_NAMED_MAX])
    return f"{named} {say['and_more'].format(count=more)}" if more > 0 else named


def headline(own_case: MyCase, say: Say) -> str:
    """Return the one sentence that says how it stands."""
    restored, held = own_case.sums.get(Bucket.RESTORED, 0), own_case.sums.get(Bucket.HELD, 0)
    in_play = own_case.sums.get(Bucket.IN_PLAY, 0)
    amounts = {
        "lost": exact_rupees(own_case.lost_paise),
        "held": exact_rupees(held),
        "restored": exact_rupees(restored),
    }
    if not own_case.lost_paise:
        return say["head_claimed" if own_case.claims else "head_nothing"]
    if restored:
        return say["head_restored_and_held" if held else "head_restored"].format(**amounts)
    if held:
        return say["head_held"].format(**amounts)
    return say["head_in_play" if in_play else "head_gone"].format(**amounts)


def task_line(own_case: MyCase, say: Say) -> str:
    """Return the sentence that says how much the victim must do now."""
    wanted = todos(own_case)
    return say["do_nothing"] if not wanted else say["do_one"] if len(wanted) == 1 else say["do_some"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line about a transfer: an amount, and where it is."""

    says: str
    when: str


@dataclass(frozen=True, slots=True)
class ShownTransfer:
    """One transfer of the victim with its lines."""

    title: str
    lines: tuple[Line, ...]


def transfers(own_case: MyCase, say: Say) -> list[ShownTransfer]:
    """Return each transfer with the places of its money and their dates."""
    return [
        ShownTransfer(
            title=say["transfer"].format(
                amount=exact_rupees(transfer.amount_paise),
                bank=transfer.bank,
                when=moment(transfer.transferred_at, say),
            ),
            lines=tuple(_lines(transfer.places, say)),
        )
        for transfer in own_case.transfers
    ]


@dataclass(frozen=True, slots=True)
class ShownClaim:
    """One transfer that another complaint tells too."""

    title: str
    says: str
    do: str
    """what the victim can do; empty for nothing"""


def claims(own_case: MyCase, say: Say) -> list[ShownClaim]:
    """Return each transfer that another complaint tells too, with who gets its money and what the victim can do."""
    return [_claim(claim, say) for claim in own_case.claims]


def _claim(claim: OwnClaim, say: Say) -> ShownClaim:
    key = "claim_given" if claim.given_to else f"claim_{claim.state.value}"
    text_key = f"{key}_ordered" if claim.state is ClaimState.UNDECIDED and claim.ordered else key
    decided = day(claim.decided_at, say) if claim.decided_at else ""
    return ShownClaim(
        title=say["transfer"].format(
            amount=exact_rupees(claim.amount_paise), bank=claim.bank, when=moment(claim.transferred_at, say)
        ),
        says=say[text_key].format(day=decided, number=claim.given_to),
        do="" if claim.state is ClaimState.OWN else say[f"{key}_do"],
    )


def _lines(places: Sequence[Place], say: Say) -> Iterator[Line]:
    for place in sorted(places, key=lambda item: ORDER.index(item.bucket)):
        when = []
        if place.held_since:
            when.append(say["held_since"].format(day=moment(place.held_since, say)))
        if place.held_until:
            when.append(say["held_until"].format(day=day(place.held_until, say)))
        text = say["place"].format(
            amount=exact_rupees(place.amount_paise),
            bucket=say[f"short_{place.bucket.value}"],
            bank=place.bank or say["bank_unknown"],
        )
        yield Line(text, " ".join(when))


@dataclass(frozen=True, slots=True)
class ShownStage:
    """One stage of the way to the credit, as the page says it."""

    name: str
    state: str
    when: str


def shown_stages(own_case: MyCase, say: Say) -> list[ShownStage]:
    """Return the stages of the open restoration; none without one."""
    restoration = own_case.restoration
    if restoration is None or restoration.state is not RestorationState.OPEN:
        return []
    return [_stage(stage, say) for stage in stages(restoration, own_case.as_of)]


def _stage(stage: Stage, say: Say) -> ShownStage:
    when = say[f"stage_{stage.state.value}"].format(day=day(stage.at, say)) if stage.at else say["stage_untold"]
    return ShownStage(say[f"step_{stage.step.value}"], stage.state.value, when)


def is_late(own_case: MyCase, say: Say) -> bool:
    """Return whether the open stage has passed its time."""
    return any(stage.state == StageState.LATE.value for stage in shown_stages(own_case, say))


def next_text(own_case: MyCase, say: Say) -> str:
    """Return what comes next where no restoration is open; empty where its stages say it."""
    restoration = own_case.restoration
    if restoration is not None and restoration.state is RestorationState.OPEN:
        return ""
    if not own_case.lost_paise and own_case.claims:
        # Also after a restoration of it has ended: the claim says why.
        is_open = any(claim.state is ClaimState.UNDECIDED for claim in own_case.claims)
        return say["next_undecided" if is_open else "next_claimed"]
    if restoration is not None and restoration.closed_at is not None:
        return say[f"next_{restoration.state.value}"].format(day=day(restoration.closed_at, say))
    if own_case.sums.get(Bucket.IN_PLAY):
        return say["next_in_play"]
    return say["next_held" if own_case.sums.get(Bucket.HELD) else "next_none"]


def waits_for_application(own_case: MyCase) -> bool:
    """Return whether the step of the application is open, and the application is not issued yet."""
    restoration = own_case.restoration
    is_open = restoration is not None and restoration.state is RestorationState.OPEN
    return is_open and restoration is not None and restoration.step is Step.APPLICATION and own_case.application is None
