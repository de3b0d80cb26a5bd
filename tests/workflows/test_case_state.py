"""For signals in any order and number, the case state equals the database's state."""

from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from schemas.case.case_workflow import CaseNews, HopBrief, HopRef
from schemas.enums import AnswerClass
from workflows.case_state import CaseState

HOPS_MAX = 5
STEPS_MAX = 5


def brief(hop_no: int, revision: int = 0, institution: str = "HDFC") -> HopBrief:
    return HopBrief(
        hop_no=hop_no,
        revision=revision,
        institution=institution,
        answer_class=AnswerClass.API,
        disputed_paise=100,
        layer=1,
        transferred_at=datetime(2026, 11, 24, tzinfo=UTC),
    )


def ref(hop_no: int, revision: int = 0) -> HopRef:
    return HopRef(hop_no=hop_no, revision=revision)


@dataclass(frozen=True)
class Change:
    """One hop's state in the database after a step, and the change that the workflow is notified of."""

    state: str
    revision: int
    opened: tuple[HopBrief, ...] = ()
    parked: tuple[HopRef, ...] = ()
    closed: tuple[HopRef, ...] = ()


@st.composite
def lives(draw: st.DrawFn, hop_no: int) -> list[Change]:
    """Draw a hop's life as the database allows it: opened or parked, corrected, parked again, perhaps closed."""
    first = draw(st.sampled_from(("open", "parked")))
    life = [_entered(hop_no, first, 0)]
    for _ in range(draw(st.integers(0, STEPS_MAX))):
        state, revision = life[-1].state, life[-1].revision
        if state == "closed":
            break
        steps = ["close", "correct", "corrected, the bank is unknown", *(["park"] if state == "open" else [])]
        step = draw(st.sampled_from(steps))
        if step == "close":
            life.append(Change("closed", revision, closed=(ref(hop_no, revision),)))
        elif step == "park":
            life.append(_entered(hop_no, "parked", revision))
        else:
            entered = _entered(hop_no, "open" if step == "correct" else "parked", revision + 1)
            life.append(
                Change(entered.state, revision + 1, entered.opened, entered.parked, closed=(ref(hop_no, revision),))
            )
    return life


def _entered(hop_no: int, state: str, revision: int) -> Change:
    if state == "open":
        return Change(state, revision, opened=(brief(hop_no, revision),))
    return Change(state, revision, parked=(ref(hop_no, revision),))


@st.composite
def changes_of_hops(draw: st.DrawFn) -> tuple[dict[int, Change], list[CaseNews | str]]:
    """Return how every hop ends in the database; and all its changes, shuffled, repeated, with batches between."""
    ends: dict[int, Change] = {}
    steps: list[CaseNews | str] = []
    for hop_no in range(1, draw(st.integers(1, HOPS_MAX)) + 1):
        life = draw(lives(hop_no))
        ends[hop_no] = life[-1]
        steps += [CaseNews(news_id=1, opened=t.opened, parked=t.parked, closed=t.closed) for t in life]
    again = draw(st.lists(st.sampled_from(steps), max_size=6))
    steps += again + ["batch"] * draw(st.integers(0, 4))
    return ends, draw(st.permutations(steps))


def send_batch(case_state: CaseState, number: int) -> None:
    """Plan a request about the first two hops that wait for one."""
    case_state.ask(f"{number}-HDFC", [ref(hop.hop_no, hop.revision) for hop in case_state.to_ask[:2]])


def places(case_state: CaseState, requests: int) -> dict[int, list[tuple[str, int]]]:
    """Return every place of a hop, with its revision."""
    found: dict[int, list[tuple[str, int]]] = {}
    for hop in case_state.to_ask:
        found.setdefault(hop.hop_no, []).append(("open", hop.revision))
    for parked in case_state.parked:
        found.setdefault(parked.hop_no, []).append(("parked", parked.revision))
    for number in range(requests):
        for asked in case_state.asked(f"{number}-HDFC"):
            found.setdefault(asked.hop_no, []).append(("open", asked.revision))
    return found


@given(changes_of_hops())
def test_order_and_repetition_change_nothing(told: tuple[dict[int, Change], list[CaseNews | str]]) -> None:
    ends, steps = told
    case_state = CaseState()
    for number, step in enumerate(steps):
        if isinstance(step, CaseNews):
            case_state.apply(step)
        else:
            send_batch(case_state, number)
        assert all(len(where) == 1 for where in places(case_state, len(steps)).values())
    expected = {hop_no: [(end.state, end.revision)] for hop_no, end in ends.items() if end.state != "closed"}
    assert places(case_state, len(steps)) == expected


@given(changes_of_hops())
def test_nothing_is_asked_twice_at_one_revision(told: tuple[dict[int, Change], list[CaseNews | str]]) -> None:
    case_state = CaseState()
    asked: set[tuple[int, int]] = set()
    for number, step in enumerate(told[1]):
        if isinstance(step, CaseNews):
            case_state.apply(step)
        before = {(hop.hop_no, hop.revision) for hop in case_state.to_ask}
        send_batch(case_state, number)
        now_asked = before - {(hop.hop_no, hop.revision) for hop in case_state.to_ask}
        assert not now_asked & asked
        asked |= now_asked


def test_a_dropped_hop_is_new_in_the_next_message() -> None:
    case_state = CaseState()
    case_state.apply(CaseNews(news_id=1, opened=(brief(1), brief(2))))
    waiting = case_state.to_ask
    case_state.ask("one", [ref(1)])
    case_state.drop(waiting)
    assert not case_state.has_to_ask
    assert case_state.asked("one") == (ref(1),)
    case_state.apply(CaseNews(news_id=2, opened=(brief(2),)))
    assert list(case_state.to_ask) == [brief(2)]
