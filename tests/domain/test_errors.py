"""Business errors: every code has its class, its text and its parameters."""

import re
from datetime import UTC, datetime
from string import Formatter
from uuid import UUID

from api.route_errors import all_errors
from domain.errors import BusinessError, RefusedPart
from domain.errors.banks import InstitutionNotFound
from domain.errors.catalogue import ENGLISH
from domain.errors.recovery import HoldNotFound
from domain.errors.restoration import CourtOrderPartsRefused, DutyDone, WrongStep
from schemas.restoration_enums import Step
from tests.each import each

ERRORS = all_errors()


def test_codes_and_texts_fit_together() -> None:
    codes = [error.code for error in ERRORS]
    assert len(set(codes)) == len(codes)
    assert set(codes) == set(ENGLISH)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


@each("error", ERRORS)
def test_a_text_is_made_of_the_parameters(error: type[BusinessError]) -> None:
    text = ENGLISH[error.code]
    named = {name for part in text for _, name, _, _ in Formatter().parse(part) if name}
    assert named <= set(error.parameters())
    assert text.do.endswith(".")
    assert text.says.endswith((".", "}"))


def test_parameters_are_plain_json() -> None:
    hold_id = UUID(int=7)
    unknown = HoldNotFound(hold_id)
    assert (unknown.params, unknown.code) == ({"hold_id": str(hold_id)}, "hold_not_found")
    assert str(unknown) == f"No hold has the id {hold_id}. Check the id."
    assert DutyDone(datetime(2026, 11, 24, 10, tzinfo=UTC)).params == {"done_at": "2026-11-24T10:00:00Z"}
    step = WrongStep(Step.BOND, (Step.APPROVAL, Step.CREDIT))
    assert step.params == {"step": "bond", "allowed": ["approval", "credit"]}
    assert step.fact == "The restoration is at bond, and this is done only at approval, credit."


def test_the_parts_of_an_order_keep_their_own_codes() -> None:
    refused = CourtOrderPartsRefused((RefusedPart("about[1]", "22411260000124", InstitutionNotFound("NOBANK")),))
    part = {"code": "institution_not_found", "params": {"institution": "NOBANK"}}
    assert refused.params == {"refused": [{"field": "about[1]", "ack_no": "22411260000124", **part}]}
    assert "about[1] of 22411260000124: The directory has no institution NOBANK." in str(refused)
