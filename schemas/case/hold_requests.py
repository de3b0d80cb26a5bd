"""Hold requests: what is asked, the stages of each, and answers by telephone."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Storable, UtcDatetime
from schemas.case.answers import HeldLine, Line
from schemas.enums import ChannelKind, HopSource, RequestStage, RequestState
from schemas.text import Line as ShortLine

HOPS_MAX = 500
"""Most transfers in one hold request."""

Text = Annotated[str, StringConstraints(max_length=300)]


def _is_none(value: object) -> bool:
    return value is None


class HoldInstrument(FrozenModel):
    """Payer and means of payment, as in the complaint; empty if it does not give them."""

    requestor: Text
    payer_institution: Text
    payer_institution_code: Text
    payer_account: Annotated[Text, Field(repr=False)]
    payer_mobile: Annotated[Text, Field(repr=False)]
    mode: Text
    transaction_type: Text
    wallet: Text
    state: Text
    district: Text


class HoldHop(FrozenModel):
    """One transfer of tainted money that credited an account at the requested bank."""

    hop: Annotated[int, Field(ge=1)]
    """number of the hop in the case"""
    reference: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    """RRN or UTR"""
    amount_paise: PositivePaise
    """amount of the whole transfer"""
    disputed_paise: PositivePaise
    """tainted part of it: hold no more than this"""
    transferred_at: UtcDatetime
    layer: Annotated[int, Field(ge=1)]
    """1 is the victim's own transfer"""

    @model_validator(mode="after")
    def _disputed_is_a_part(self) -> Self:
        if self.disputed_paise > self.amount_paise:
            raise ValueError("disputed_paise is more than amount_paise")
        return self


class HoldDemand(FrozenModel):
    """One hold request: one case, with all its transfers at one bank that are to be held now."""

    hold_id: UUID
    """id of the request, the same for every repeat and channel"""
    ack_no: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]
    category: Text
    priority: Annotated[int, Field(ge=1, le=5)]
    """1 is first"""
    requested_at: UtcDatetime
    """time of the first request, the same for every repeat"""
    respond_by: UtcDatetime | None = None
    """time of the first reminder to the bank; None if no time is set"""
    hold_until: Annotated[UtcDatetime | None, Field(exclude_if=_is_none)] = None
    """time until which the hold is asked; left out while a court or an approved restoration keeps it"""
    instrument: HoldInstrument
    hops: Annotated[tuple[HoldHop, ...], Field(min_length=1, max_length=HOPS_MAX)]


class HoldRequested(FrozenModel):
    """Event that a bank's webhook receives."""

    type: Literal["hold.requested"] = "hold.requested"
    timestamp: UtcDatetime
    """time of this attempt"""
    data: HoldDemand


class RequestStages(FrozenModel):
    """The moments of a hold request, and what may be told about it. It has no personal data."""

    request_id: UUID
    kind: HopSource
    """what caused the request; `desk` for every hop that was corrected or is asked about again"""
    institution: str
    channel: ChannelKind
    moments: dict[RequestStage, UtcDatetime]
    """the moments that are known"""

    def steps(self) -> Iterator[tuple[RequestStage, datetime, datetime]]:
        """Yield each stage with the moment of the stage before and its own moment, if both are known."""
        for before, stage in pairwise(RequestStage):
            if before in self.moments and stage in self.moments:
                yield stage, self.moments[before], self.moments[stage]


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
