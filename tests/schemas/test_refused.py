"""What models of banks, holds and orders refuse, and how they say it."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel, ValidationError

from schemas.banks.institutions import InstitutionEntry
from schemas.case.answers import MovedLine
from schemas.case.hold_requests import HoldHop
from schemas.enums import EscalationLevel
from schemas.recovery.grievances import NewGrievanceOfficer
from schemas.recovery.orders import NewOrder
from tests.each import each
from tests.factories import institution

OFFICER = {"name": "Anita Rao", "phone": "9415000001"}
HOP = {
    "hop": 1,
    "reference": "412345678901",
    "amount_paise": 100,
    "disputed_paise": 100,
    "transferred_at": "2026-11-24T10:00:00Z",
    "layer": 1,
}
MOVED = {
    "kind": "moved",
    "hop": 1,
    "amount_paise": 100,
    "reference": "412345678901",
    "payee": {"institution": "HDFC", "account": "50100000000001"},
}
BENEFICIARY = {"institution": "SBIN", "holder": "30000000001"}


def an_order(kind: str, **of_line: object) -> dict[str, Any]:
    line = {"hop_no": 1, "hold_id": uuid4(), "amount_paise": 100, **of_line}
    return {
        "kind": kind,
        "reason": "restoration" if kind == "restore" else "lapsed",
        "case_no": "32411260000001",
        "institution": "HDFC",
        "ordered_by": "officer:sp",
        "lines": [line],
    }


@each(
    ("model", "told", "message"),
    [
        (
            InstitutionEntry,
            institution("HDFC").model_dump() | {"channels": ["i4c", "i4c"]},
            "channels names a channel twice",
        ),
        (NewGrievanceOfficer, OFFICER | {"level": "district_gro"}, "give district at every level except"),
        (NewGrievanceOfficer, OFFICER | {"level": "state_gro", "district": "LUCKNOW"}, "give district at every level"),
        (HoldHop, HOP | {"disputed_paise": 101}, "disputed_paise is more than amount_paise"),
        (MovedLine, MOVED | {"transfer_paise": 99}, "transfer_paise is less than amount_paise"),
        (NewOrder, an_order("restore"), "only a line that restores names its victim"),
        (NewOrder, an_order("restore", beneficiary=BENEFICIARY), "only a line that restores names its victim"),
        (
            NewOrder,
            an_order("release", ack_no="32411260000001", beneficiary=BENEFICIARY),
            "only a line that restores names its victim",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(model: type[BaseModel], told: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        model.model_validate(told)
    assert [error["type"] for error in refused.value.errors()] == ["value_error"]


@each(
    ("model", "told"),
    [
        (InstitutionEntry, institution("HDFC").model_dump() | {"channels": ["i4c"]}),
        (NewGrievanceOfficer, OFFICER | {"level": "district_gro", "district": "LUCKNOW"}),
        (NewGrievanceOfficer, OFFICER | {"level": "state_gro"}),
        (HoldHop, HOP),
        (MovedLine, MOVED | {"transfer_paise": 100}),
        (NewOrder, an_order("restore", ack_no="32411260000001", beneficiary=BENEFICIARY)),
        (NewOrder, an_order("release")),
    ],
)
def test_what_fits_together_is_taken(model: type[BaseModel], told: dict[str, Any]) -> None:
    assert isinstance(model.model_validate(told), model)


def test_no_level_is_above_giving_up() -> None:
    assert EscalationLevel.above(None) is EscalationLevel.REMINDER
    assert EscalationLevel.above(EscalationLevel.SUPERVISOR) is EscalationLevel.GIVE_UP
    with pytest.raises(ValueError, match="no escalation level above giving up"):
        EscalationLevel.above(EscalationLevel.GIVE_UP)
