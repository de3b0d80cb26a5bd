"""What the timeline says of events: every kind, in both languages, with sums, banks and times a person can read."""

import re
import string

from documents.event_texts import NAMED, SENTENCE_MAX_CHARS, _table, codes, ids, kinds, places, sentence
from domain.work_items.task_notes import NAMES
from schemas.enums import (
    Bucket,
    ChannelKind,
    DiscrepancyKind,
    EscalationLevel,
    Language,
    ResolutionDecision,
)
from schemas.events import EventKind
from schemas.procedures import OrderEscalationLevel
from schemas.recovery.holds import SmallHoldDecision
from schemas.recovery.orders import ReleaseState
from schemas.recovery.restorations import ClockAction
from schemas.restoration_enums import (
    AllocationRule,
    CaseDuty,
    CourtOrderEffect,
    CourtOrderEnd,
    CourtOrderKind,
    DocumentKind,
    DutyKind,
    FirKind,
    GrievanceLevel,
    GrievanceOutcome,
    GrievanceState,
    ObjectionBy,
    ObjectionDecision,
    OrderKind,
    RestorationState,
    Route,
    Step,
    StepOutcome,
)
from schemas.tasks import NoOfficer
from tests.each import each
from tests.event_texts import untold

CODES = (
    *(Bucket, ChannelKind, DiscrepancyKind, EscalationLevel, ResolutionDecision, SmallHoldDecision, ReleaseState),
    *(OrderEscalationLevel, CaseDuty, NoOfficer, ClockAction, AllocationRule, CourtOrderEffect, CourtOrderEnd),
    *(CourtOrderKind, DocumentKind, DutyKind, FirKind, GrievanceLevel, GrievanceOutcome, GrievanceState, ObjectionBy),
    *(ObjectionDecision, OrderKind, RestorationState, Route, Step, StepOutcome),
)
"""kinds of codes that events have"""

UPDATE = "8d6f0f4e-3f0e-4d53-9d5c-0c4a9f1f2b10"
ANSWER = {
    "update_id": 1,
    "institution": "HDFC",
    "placed": [[1, "in_play", -500_00], [1, "held", 300_00], [1, "withdrawn", 200_00]],
    "opened": [{"hop_no": 2, "disputed_paise": 1_25_000_50}],
}


def name_of(code: str) -> str:
    return {"HDFC": "HDFC Bank"}.get(code, code)


def test_every_kind_has_a_sentence_in_both_languages() -> None:
    assert kinds() == {kind.value for kind in EventKind}
    for kind in kinds():
        told_in = _table()[kind]
        assert told_in.keys() == {"en", "hi"}
        places = [{name for _, name, _, _ in string.Formatter().parse(told_in[one]) if name} for one in ("en", "hi")]
        assert places[0] == places[1], kind
        assert re.search("[\u0900-\u097f]", told_in["hi"]), kind


def test_every_code_of_an_event_has_a_text_in_both_languages() -> None:
    assert {code.value for kind in CODES for code in kind} <= codes().keys()
    assert all(told.keys() == {"en", "hi"} for told in codes().values())
    for where, kind in NAMED.items():
        assert {code.value for code in kind} <= NAMES[kind].keys(), where
        event, _, field = where.partition(".")
        needed, optional = places(event)
        assert {field, "why"} & (needed | optional), where


def test_a_reason_of_the_engine_is_told_in_hindi_and_one_of_an_officer_as_it_was_written() -> None:
    moved = {"ended": "collecting", "outcome": "done", "step": "application", "reason": "the trail has been followed"}
    assert sentence("restoration_moved", moved, Language.HI, name_of).endswith("कारण: राशि का मार्ग पूरा देख लिया गया")
    assert sentence("restoration_moved", moved | {"reason": "done"}, Language.HI, name_of).endswith("कारण: done")


def test_what_a_sentence_lacks_is_found() -> None:
    faults = untold([("level_reached", {"level": "a_new_level"}), ("hold_lapsed", {"institution": "HDFC"})])
    assert faults == {"level_reached: level is 'a_new_level'", "hold_lapsed: paise is missing"}


@each(
    ("kind", "data", "english"),
    [
        (
            "answer_received",
            ANSWER,
            "HDFC Bank answered: ₹300.00 on hold, ₹200.00 withdrawn; sent on: ₹1,25,000.50.",
        ),
        (
            "case_opened",
            {"hops": [{"hop_no": 1}], "placed": [[1, "lost", -500_00], [1, "in_play", 500_00]]},
            "Complaint taken; transfers: 1; ₹500.00 reported lost.",
        ),
        (
            "order_planned",
            {"order_id": UPDATE, "kind": "restore", "reason": "restoration", "institution": "HDFC", "lines": [[1, 5]]},
            "HDFC Bank is ordered: give back ₹0.05 (restoration).",
        ),
        (
            "duty_opened",
            {"kind": "magistrate_report", "due_at": "2026-11-25T20:00:00+00:00"},
            "A duty began: report to the magistrate, due 26-11-2026 01:30.",
        ),
        (
            "discrepancy_resolved",
            {"institution": "SBIN", "decision": "bank_is_right", "placed": [], "reason": "letter seen"},
            "A discrepancy of SBIN was resolved: bank is right. Reason: letter seen",
        ),
        ("a_new_kind", {}, "a new kind."),
    ],
)
def test_what_an_event_says(kind: str, data: dict[str, object], english: str) -> None:
    assert sentence(kind, data, Language.EN, name_of) == english


def test_hindi_has_the_same_sums() -> None:
    said = sentence("answer_received", ANSWER, Language.HI, name_of)
    assert said == "HDFC Bank का उत्तर मिला: ₹300.00 रोकी गई, ₹200.00 निकाली गई; आगे भेजी गई: ₹1,25,000.50।"


def test_what_is_long_is_cut_and_ids_are_short() -> None:
    assert (
        len(sentence("task_closed", {"kind": "x" * 900, "reason": "y" * 900}, Language.EN, name_of))
        <= SENTENCE_MAX_CHARS
    )
    assert ids({"request_id": UPDATE, "task_id": 7, "institution": "HDFC"}) == "request 8d6f0f4e, task 7"


def test_a_brace_in_what_a_person_wrote_is_nothing_but_a_brace() -> None:
    assert sentence("task_closed", {"kind": "{bank}", "reason": "[{x}]"}, Language.EN, name_of).endswith(
        "Reason: [{x}]"
    )
