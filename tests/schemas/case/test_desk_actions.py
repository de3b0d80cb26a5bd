"""What the desk may tell."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.base import WithReason
from schemas.case.discrepancies import HopCorrection, NewHopByDesk
from tests.each import each


@each(
    "told",
    [
        {},
        {"rrn": "NA"},
        {"rrn": "412345678901", "utr": "SBIN426012345678"},
        {"amount_paise": 0},
        {"payee": {"institution": "SBIN"}},
        {"disputed_paise": 5},
    ],
)
def test_a_correction_must_change_something_and_be_clear(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HopCorrection.model_validate(told | {"reason": "the bank called"})


def test_a_correction_says_why() -> None:
    with pytest.raises(ValidationError):
        HopCorrection.model_validate({"rrn": "412345678901"})
    assert HopCorrection.model_validate({"rrn": "412345678901", "reason": " the bank called "}).reason == (
        "the bank called"
    )


@each("reason", ["", "  a ", "x" * 1_001])
def test_a_reason_has_text(reason: str) -> None:
    with pytest.raises(ValidationError):
        WithReason.model_validate({"reason": reason})


def test_a_hop_by_the_desk_needs_a_reference_to_be_asked_by() -> None:
    told = {
        "parent_hop_no": 1,
        "payee": {"institution": "SBIN", "account": "123456789"},
        "amount_paise": 100,
        "disputed_paise": 100,
        "transferred_at": "2026-11-24T10:00:00",
        "reason": "told by phone",
    }
    assert NewHopByDesk.model_validate(told | {"reference": "412345678901"}).mode == "other"
    with pytest.raises(ValidationError, match="digit other than zero"):
        NewHopByDesk.model_validate(told | {"reference": "not known"})
