"""What a document lacks: everything is named at once, and nothing that the law asks for can be left out."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.recovery.documents import KHALSA, DocumentIncomplete, Requirement, lacking, refuse_if_lacking, requirements
from schemas.recovery.document_facts import CourtOrderFacts, DocumentFacts, FirFacts, OfficerFacts
from schemas.restoration_enums import DocumentKind, OrderReason, Route
from tests.documents.samples import COURT_ORDER, EMERGENCY, NOW, OFFICER, WHOLE
from tests.each import each

EMPTY: dict[type, Any] = {str: " ", int: 0, tuple: ()}
ASKED = [
    (facts, rule) for facts in [*WHOLE.values(), EMERGENCY] for rule in requirements(facts.kind) if rule.when(facts)
]


def without(value: Any, field: str) -> Any:
    """Return the model with the value at `field` made empty; in a list, of its last item."""
    name, _, rest = field.partition(".")
    if name.endswith("[]"):
        name = name.removesuffix("[]")
        *first, last = getattr(value, name)
        return value.model_copy(update={name: (*first, without(last, rest))})
    old = getattr(value, name)
    new = without(old, rest) if rest else EMPTY.get(type(old))
    return value.model_copy(update={name: new})


@each("kind", DocumentKind)
def test_the_law_asks_something_of_every_kind_and_a_whole_document_incomplete_nothing(kind: DocumentKind) -> None:
    assert requirements(kind)
    assert all(rule.law and rule.why for rule in requirements(kind))
    assert lacking(WHOLE[kind], NOW) == ()
    refuse_if_lacking(WHOLE[kind], NOW)


@given(st.data())
def test_whatever_is_dropped_is_named_with_its_law_and_nothing_else_is(data: st.DataObject) -> None:
    facts = data.draw(st.sampled_from([*WHOLE.values(), EMERGENCY]))
    rules = [rule for rule in requirements(facts.kind) if rule.when(facts)]
    dropped = data.draw(st.lists(st.sampled_from(rules), min_size=1, unique=True))
    poorer = facts
    for rule in dropped:
        poorer = without(poorer, rule.field)
    with pytest.raises(DocumentIncomplete) as refusal:
        refuse_if_lacking(poorer, NOW)
    asked_still = {rule.field for rule in rules if rule.when(poorer)}
    named = {_without_number(missing.field) for missing in refusal.value.missing}
    assert named & asked_still == {rule.field for rule in dropped} & asked_still
    for missing in refusal.value.missing:
        assert missing.field in str(refusal.value)
        assert missing.law in str(refusal.value)


def _without_number(field: str) -> str:
    head, bracket, tail = field.partition("[")
    return head + bracket + tail.lstrip("0123456789")


@each(("facts", "rule"), ASKED)
def test_each_requirement_can_fail(facts: DocumentFacts, rule: Requirement) -> None:
    assert rule.field in {_without_number(one.field) for one in lacking(without(facts, rule.field), NOW)}


@each("kind", DocumentKind)
def test_an_empty_document_incomplete_all_of_it_at_once(kind: DocumentKind) -> None:
    empty = type(WHOLE[kind])(kind=kind)
    named = {missing.field for missing in lacking(empty, NOW)}
    assert {"case_no", "officer.name", "officer.rank", "officer.police_station", "officer.phone"} <= named
    assert len(named) > 5


def test_a_list_with_nothing_in_it_is_missing_as_a_whole() -> None:
    notice = WHOLE[DocumentKind.LIEN_NOTICE].model_copy(update={"accounts": ()})
    assert {missing.field for missing in lacking(notice, NOW)} == {"accounts[]"}


def test_the_second_account_without_an_amount_is_named_by_its_place() -> None:
    (missing,) = lacking(without(WHOLE[DocumentKind.LIEN_NOTICE], "accounts[].amount_paise"), NOW)
    assert (missing.field, missing.law) == ("accounts[1].amount_paise", KHALSA)


class TestLien:
    def test_it_needs_the_fir_its_copy_and_the_case_number_unless_it_is_an_emergency(self) -> None:
        notice = WHOLE[DocumentKind.LIEN_NOTICE].model_copy(update={"fir": FirFacts()})
        assert [one.field for one in lacking(notice, NOW)] == ["fir.number", "fir.police_station", "fir.copy_digest"]
        assert lacking(EMERGENCY, NOW) == ()

    def test_an_emergency_ends_with_the_time_for_the_follow_up(self) -> None:
        assert EMERGENCY.follow_up_by
        told = EMERGENCY.model_copy(update={"magistrate_told_at": NOW})
        assert [one.field for one in lacking(told, EMERGENCY.follow_up_by)] == ["follow_up_by"]

    def test_even_an_emergency_names_the_amount_the_officer_and_when_the_magistrate_is_told(self) -> None:
        poorer = EMERGENCY.model_copy(update={"officer": OfficerFacts(), "magistrate_report_by": None})
        fields = {one.field for one in lacking(poorer, NOW)}
        assert {"officer.name", "officer.phone", "magistrate_report_by"} <= fields


class TestShowCause:
    def test_fourteen_days_are_counted_from_the_service_that_takes_seven(self) -> None:
        notice = WHOLE[DocumentKind.NOTICE_107]
        due = notice.model_copy(update={"show_cause_by": NOW + timedelta(days=21)})
        early = notice.model_copy(update={"show_cause_by": NOW + timedelta(days=21, seconds=-1)})
        assert lacking(due, NOW) == ()
        assert [one.field for one in lacking(early, NOW)] == ["show_cause_by"]


class TestRestorationOrder:
    def test_the_preparer_does_not_approve_it(self) -> None:
        order = WHOLE[DocumentKind.RESTORATION_ORDER].model_copy(update={"approved_by": "io.sharma"})
        assert [one.field for one in lacking(order, NOW)] == ["approved_by"]

    @pytest.mark.parametrize("route", Route)
    def test_where_another_decides_the_order_is_named(self, route: Route) -> None:
        order = WHOLE[DocumentKind.RESTORATION_ORDER].model_copy(
            update={"route": route, "court_order": CourtOrderFacts()}
        )
        fields = [one.field for one in lacking(order, NOW)]
        asked = [] if route is Route.NO_COURT else ["court_order.court", "court_order.order_no", "court_order.made_on"]
        assert fields == asked

    @pytest.mark.parametrize("bond", [True, False])
    def test_that_no_bond_is_asked_for_is_said_too(self, bond: bool) -> None:
        assert lacking(WHOLE[DocumentKind.RESTORATION_ORDER].model_copy(update={"bond": bond}), NOW) == ()


@each(
    ("reason", "asked"),
    [(OrderReason.COURT, "court_order.order_no"), (OrderReason.GRIEVANCE, "grievance_ref"), (OrderReason.LAPSED, None)],
)
def test_a_release_names_what_it_stands_on(reason: OrderReason, asked: str | None) -> None:
    order = WHOLE[DocumentKind.RELEASE_ORDER].model_copy(update={"reason": reason, "grievance_ref": ""})
    assert (asked in {one.field for one in lacking(order, NOW)}) == (asked is not None)
    whole = order.model_copy(update={"court_order": COURT_ORDER, "grievance_ref": "G1"})
    assert lacking(whole, NOW) == ()


@each("field", ["name", "rank", "police_station", "phone"])
def test_a_holder_is_told_whom_to_ask(field: str) -> None:
    officer = OFFICER.model_copy(update={field: ""})
    notice = WHOLE[DocumentKind.HOLDER_NOTICE].model_copy(update={"officer": officer})
    assert [one.field for one in lacking(notice, NOW)] == [f"officer.{field}"]
