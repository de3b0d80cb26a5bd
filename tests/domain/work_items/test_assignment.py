"""The choice of the officer for a case: never a wrong one, always the same one, and none gets more than others."""

from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.work_items.shifts import answering_for, choose
from schemas.officers.officers import TeamShift
from schemas.tasks import Candidate, Choice, NoOfficer, TeamHours
from tests.each import each

MONDAY_NOON = datetime(2026, 11, 30, 6, 30, tzinfo=UTC)
"""12:00 in India"""
DISTRICTS = ("LUCKNOW", "AGRA", "Kanpur Nagar", "*")


def officer(officer_id: str, *districts: str, **changes: object) -> Candidate:
    told: dict[str, object] = {"name": "A", "rank": "Inspector", "station": "Cyber Cell", "mobile": "9415000001"}
    away = {"email": "", "is_disabled": False, "is_absent": False}
    return Candidate.model_validate(
        {"officer_id": officer_id, "districts": districts or ("LUCKNOW",), **told, **away, **changes}
    )


def shift(day_no: int, starts: int, ends: int) -> TeamHours:
    return TeamHours(shifts=(TeamShift(day_no=day_no, starts_minute=starts * 60, ends_minute=ends * 60),))


def chosen(*candidates: Candidate, district: str = "LUCKNOW", without: tuple[str, ...] = (), **cases: int) -> str:
    found = choose(candidates, district, MONDAY_NOON, cases, without)
    return found.officer.officer_id if isinstance(found, Choice) else found.value


def test_the_officer_of_the_district_with_the_fewest_open_cases_is_chosen() -> None:
    assert chosen(officer("a"), officer("b"), officer("c", "AGRA"), a=2, b=1) == "b"
    assert chosen(officer("b"), officer("a"), a=1, b=1) == "a", "the first by id"


def test_districts_are_compared_whatever_their_spelling() -> None:
    assert chosen(officer("a", "Lucknow District"), district="लखनऊ") == "a"


def test_an_officer_of_the_whole_state_comes_after_those_of_the_district() -> None:
    assert chosen(officer("a", "*"), officer("b"), a=0, b=9) == "b"
    assert chosen(officer("a", "*"), officer("b", is_absent=True)) == "a"


@each(
    ("team", "is_preferred"),
    [
        (TeamHours(), True),
        (shift(1, 8, 14), True),
        (shift(1, 12, 14), True),
        (shift(1, 8, 12), False),
        (shift(2, 8, 14), False),
        (TeamHours(districts=("AGRA",)), False),
        (TeamHours(districts=("Lucknow",)), True),
    ],
)
def test_an_officer_whose_team_works_now_comes_first(team: TeamHours, is_preferred: bool) -> None:
    assert chosen(officer("a"), officer("b", teams=(team,)), b=9) == ("b" if is_preferred else "a")


def test_the_reason_says_why_no_officer_is_chosen() -> None:
    assert chosen(officer("a", "AGRA")) == NoOfficer.NONE_IN_DISTRICT
    away = officer("a", is_absent=True), officer("b", is_disabled=True), officer("c")
    assert chosen(*away, without=("c",)) == NoOfficer.ALL_AWAY
    assert chosen(officer("a", rank=""), officer("b", station=""), officer("c", mobile="")) == NoOfficer.DETAILS_MISSING


CANDIDATES = st.lists(
    st.builds(
        officer,
        st.sampled_from([f"officer.{n}" for n in range(8)]),
        st.sampled_from(DISTRICTS),
        is_disabled=st.booleans(),
        is_absent=st.booleans(),
        rank=st.sampled_from(["", "Inspector"]),
        teams=st.sampled_from([(), (TeamHours(),), (shift(1, 8, 14),), (shift(1, 0, 1),)]),
    ),
    max_size=8,
    unique_by=lambda one: one.officer_id,
)


LOADS = st.dictionaries(st.sampled_from(["officer.1", "officer.2"]), st.just(3))


@given(CANDIDATES, st.sampled_from(DISTRICTS[:3]), LOADS)
def test_no_officer_outside_the_district_or_away_is_chosen_and_the_order_changes_nothing(
    candidates: list[Candidate], district: str, open_cases: dict[str, int]
) -> None:
    found = choose(candidates, district, MONDAY_NOON, open_cases, {"officer.7"})
    assert choose(candidates[::-1], district, MONDAY_NOON, open_cases, {"officer.7"}) == found
    assert choose(answering_for(candidates, {district}), district, MONDAY_NOON, open_cases, {"officer.7"}) == found
    able = [
        one
        for one in candidates
        if set(one.districts) & {district, "*"} and not one.is_disabled and not one.is_absent and one.rank
        if one.officer_id != "officer.7"
    ]
    assert isinstance(found, Choice) == bool(able)
    if isinstance(found, Choice):
        assert found.officer in able
        assert found.candidates == len(able)


@given(CANDIDATES, st.integers(min_value=1, max_value=40))
def test_many_cases_are_shared_so_that_no_officer_has_two_more_than_another(
    candidates: list[Candidate], cases: int
) -> None:
    open_cases = Counter[str]()
    got = list[Choice]()
    for _ in range(cases):
        found = choose(candidates, "LUCKNOW", MONDAY_NOON, open_cases)
        if isinstance(found, NoOfficer):
            assert not got
            return
        open_cases[found.officer.officer_id] += 1
        got.append(found)
    assert len({(one.on_shift, one.officer.districts == ("*",)) for one in got}) == 1
    equals = [
        one.officer_id
        for one in answering_for(candidates, {"LUCKNOW"})
        if not one.is_disabled and not one.is_absent and one.has_details
        if isinstance(alone := choose([one], "LUCKNOW", MONDAY_NOON, {}), Choice)
        and (alone.on_shift, one.districts == ("*",)) == (got[0].on_shift, got[0].officer.districts == ("*",))
    ]
    assert set(open_cases) <= set(equals)
    counts = [open_cases[name] for name in equals]
    assert max(counts) - min(counts) <= 1
