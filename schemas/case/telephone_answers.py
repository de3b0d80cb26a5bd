"""Answers of banks by telephone about a hold request, as officers enter them."""

from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.case.bank_answers import HeldLine, Line
from schemas.enums import RequestState
from schemas.text import Line as ShortLine

LINES_MAX: Final = 100
"""most lines of one telephone call"""
ITEMS_MAX: Final = 200
"""most telephone answers of a case that are shown, the newest"""

TelephoneNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9](?:[ ()/-]*[0-9]){4,14}$", max_length=30), Storable
]
"""number as it is written, with 5 to 15 digits"""


class Speaker(FrozenModel):
    """Who spoke for the bank, and on which number."""

    name: Annotated[ShortLine, Field(repr=False)]
    designation: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Storable] = ""
    """rank or post as told"""
    number: Annotated[TelephoneNumber, Field(repr=False)]
    """the number on which the bank spoke, dialled or shown"""


class NewTelephoneAnswer(FrozenModel):
    """Answer of a bank by telephone: lines as over our API, or when it calls back, or both.

    A line states of one hop the whole sum of its kind, also what the bank has said before.
    """

    speaker: Speaker
    told_at: UtcDatetime
    """time of the call"""
    lines: Annotated[tuple[Line, ...], Field(max_length=LINES_MAX)] = ()
    calls_back_at: UtcDatetime | None = None
    """time at which the bank said that it calls back"""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.lines and self.calls_back_at is None:
            raise ValueError("needs a line, or the time at which the bank calls back")
        return self

    @model_validator(mode="after")
    def _no_contact_of_a_holder(self) -> Self:
        """An officer does not take the bank's place in saying how its customer is reached."""
        if any(isinstance(line, HeldLine) and (line.holder_phone or line.holder_email) for line in self.lines):
            raise ValueError("holder_phone and holder_email are not taken by telephone: enter the contact at the hold")
        return self


class TelephoneAnswerTaken(FrozenModel):
    """Receipt of a telephone answer, the same for every repeat.

    A line that contradicts money on hold moves nothing. It is a discrepancy, and two officers resolve that.
    """

    telephone_answer_id: UUID
    case_ack_no: str
    request_id: UUID
    request_state: RequestState
    number_is_known: bool
    """whether the directory has the number as one of the bank's nodal officers; if not, a supervisor is told"""
    accepted: int
    duplicates: int
    discrepancy_ids: tuple[int, ...]
    """discrepancies that the lines opened"""
    for_second_officer: tuple[int, ...]
    """those of them that would take money out of `held`: the bank's statement is proposed, and a supervisor who is
    another person must resolve them in the same way"""
    hops_open: tuple[int, ...]
    """hops of the request about which the bank must still say something"""
    calls_back_at: UtcDatetime | None


class TelephoneAnswerView(FrozenModel):
    """One telephone answer, with who spoke. Its lines stand in the answers of the case under `update_id`."""

    telephone_answer_id: UUID
    request_id: UUID
    institution: str
    update_id: int | None
    told_at: UtcDatetime
    speaker: Speaker | None
    """None once the personal data of the victim are destroyed"""
    number_is_known: bool
    calls_back_at: UtcDatetime | None
    entered_by: str
    entered_at: UtcDatetime


class TelephoneAnswers(FrozenModel):
    """Telephone answers of a case, the newest first."""

    items: tuple[TelephoneAnswerView, ...]
