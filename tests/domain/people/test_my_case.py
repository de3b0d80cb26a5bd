"""What the victim's page says of the stages, and which answers may be counted."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from domain.people.my_case import StageState, address_class, has_first_outcome, is_alarming, shown, stages
from schemas.enums import Bucket
from schemas.people.my_case import NewTreatment, OwnRestoration, SaidAnswer, StepDone
from schemas.restoration_enums import AddressClass, RestorationState, Route, Step
from tests.each import each

NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def at_application(route: Route | None = Route.LOK_ADALAT, *, due_at: datetime = NOW + 3 * DAY) -> OwnRestoration:
    return OwnRestoration(
        restoration_id=uuid4(),
        state=RestorationState.OPEN,
        route=route,
        step=Step.APPLICATION,
        visit_no=1,
        due_at=due_at,
        closed_at=None,
        done=(StepDone(step=Step.COLLECTING, ended_at=NOW - DAY),),
        step_seconds=dict.fromkeys(Step, DAY.total_seconds()),
        bond_for=(),
    )


def test_coming_stages_follow_one_another_and_no_date_is_given_after_a_court() -> None:
    found = stages(at_application(), NOW)
    assert [(one.step.value, one.state.value, one.at and (one.at - NOW).days) for one in found] == [
        ("collecting", "done", -1),
        ("application", "now", 3),
        ("verification", "coming", 4),
        ("holder_notice", "coming", 5),
        ("lok_adalat_award", "coming", None),
        ("approval", "coming", None),
        ("credit", "coming", None),
    ]


def test_a_late_stage_says_so_and_the_next_ones_count_from_now() -> None:
    found = stages(at_application(Route.NO_COURT, due_at=NOW - 2 * DAY), NOW)
    assert (found[1].state, found[1].at) == (StageState.LATE, NOW - 2 * DAY)
    assert found[2].at == NOW + DAY
    assert all(one.at for one in found), "the police alone decide on this route"


def test_without_a_route_the_stages_end_where_one_is_picked() -> None:
    assert [one.step for one in stages(at_application(None), NOW)][-1] is Step.VERIFICATION


def test_the_first_outcome_is_what_a_bank_says_of_any_money() -> None:
    assert not has_first_outcome({Bucket.LOST: 500, Bucket.IN_PLAY: 500})
    assert has_first_outcome({Bucket.LOST: 500, Bucket.IN_PLAY: 499, Bucket.WITHDRAWN: 1})


@each(
    ("address", "kind"),
    [
        ("49.36.10.1", AddressClass.IPV4),
        ("2405:201::1", AddressClass.IPV6),
        ("10.0.0.7", AddressClass.PRIVATE),
        ("127.0.0.1", AddressClass.PRIVATE),
        ("", AddressClass.UNKNOWN),
    ],
)
def test_of_an_address_only_its_kind_is_kept(address: str, kind: AddressClass) -> None:
    assert address_class(address) is kind


def test_few_answers_are_hidden_and_never_one_row_alone() -> None:
    assert shown({"LUCKNOW": 40, "AGRA": 3, "MEERUT": 9}, 5) == {"LUCKNOW"}, "the total would tell of Agra"
    assert shown({"LUCKNOW": 40, "AGRA": 3, "MEERUT": 2, "JHANSI": 9}, 5) == {"LUCKNOW", "JHANSI"}
    assert shown({"LUCKNOW": 40, "MEERUT": 9}, 5) == {"LUCKNOW", "MEERUT"}
    assert shown({"": 4}, 5) == frozenset()


def test_only_an_answer_that_the_police_had_no_respect_alarms() -> None:
    for respected in SaidAnswer:
        said = NewTreatment(respected=respected, knows_next=SaidAnswer.NO)
        assert is_alarming(said) == (respected is SaidAnswer.NO)
