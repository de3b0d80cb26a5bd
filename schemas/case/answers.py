"""Banks' answers: each kind of line, the claims made of it, and what was judged."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.base import Flag, FrozenModel, PositivePaise, Storable, UtcDatetime
from schemas.enums import Bucket, ClaimKind, Differing, DiscrepancyKind, Disposition, HopSource, HopState, PayerLineKind
from schemas.identifiers import IFSC_PATTERN
from schemas.tasks import NewTask
from schemas.text import EMAIL_MAX_CHARS

LINES_MAX = 500
"""Most lines in one answer."""

REFERENCE_MAX_CHARS = 64

Text = Annotated[str, StringConstraints(max_length=300, strip_whitespace=True), Storable]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), Storable]
Reference = Annotated[
    str, StringConstraints(min_length=1, max_length=REFERENCE_MAX_CHARS, strip_whitespace=True), Storable
]
HolderContact = Annotated[str, StringConstraints(max_length=EMAIL_MAX_CHARS, strip_whitespace=True), Storable]
"""As the bank has it. An unusable contact never refuses an answer, because the hold comes first."""
BALANCE_MAX_PAISE = 10**13


def _ifsc(text: str) -> str:
    if not IFSC_PATTERN.fullmatch(text):
        raise ValueError("is not shaped like an IFSC")
    return text


class _Line(FrozenModel):
    hop: Annotated[int, Field(ge=1, le=2**31 - 1)]
    """number of a hop in the hold request"""
    remarks: Text = ""


class _Money(_Line):
    amount_paise: PositivePaise
    """part of the disputed money"""
    at: UtcDatetime | None = None
    """time of the event"""


class HeldLine(_Money):
    """Amount on hold in the account that the transfer credited."""

    kind: Literal["held"]
    balance_paise: Annotated[int, Field(ge=-BALANCE_MAX_PAISE, le=BALANCE_MAX_PAISE, strict=True)] | None = None
    """balance of the account, including money on hold; may be negative"""
    holder_phone: Annotated[HolderContact | None, Field(repr=False)] = None
    """mobile number of the customer, who is told of the hold on the same day"""
    holder_email: Annotated[HolderContact | None, Field(repr=False)] = None


class Payee(FrozenModel):
    """Account to which money moved."""

    institution: Name
    """code or name"""
    account: Annotated[Name, Field(repr=False)]
    """account number, VPA or wallet"""
    ifsc: Annotated[str, AfterValidator(_ifsc)] | None = None


class MovedLine(_Money):
    """Disputed money that moved to another account in one transfer."""

    kind: Literal["moved"]
    reference: Reference
    """RRN or UTR of the transfer"""
    transfer_paise: PositivePaise | None = None
    """amount of the whole transfer, if it carried more than the disputed money"""
    payee: Payee

    @model_validator(mode="after")
    def _a_part_of_the_transfer(self) -> Self:
        if self.transfer_paise is not None and self.transfer_paise < self.amount_paise:
            raise ValueError("transfer_paise is less than amount_paise")
        return self


class WithdrawnLine(_Money):
    """Disputed money that left the banks as cash."""

    kind: Literal["withdrawn"]
    by: Literal["atm", "aeps", "cheque"]
    reference: Reference | None = None
    """reference of the withdrawal, or number of the cheque"""
    place: Text = ""


class SpentLine(_Money):
    """Disputed money paid to a merchant."""

    kind: Literal["spent"]
    merchant: Name
    reference: Reference | None = None
    place: Text = ""


class RefusedLine(_Line):
    """Refusal of a hop that the bank cannot act on."""

    kind: Literal["refused"]
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
    """status code of the bank wire with the reason"""

    @model_validator(mode="after")
    def _not_fine(self) -> Self:
        if self.code == "00":
            raise ValueError("code 00 is not a refusal")
        return self


Line = Annotated[HeldLine | MovedLine | WithdrawnLine | SpentLine | RefusedLine, Field(discriminator="kind")]


class BankAnswer(FrozenModel):
    """A bank's answer about the hops of one hold request. Anything left out stays open."""

    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=LINES_MAX)]


class Acknowledge(FrozenModel):
    """Receipt of a hold request, without content."""


class ReleaseConfirm(FrozenModel):
    """A bank's confirmation that it released what an order names."""


NOT_STATED = "not stated"
"""placeholder if a bank names no account"""


class PayeeClaim(FrozenModel):
    """Account to which a bank says the money moved. `institution` is None if no directory entry fits."""

    institution: str | None
    institution_as_told: str
    account: str
    ifsc: str | None = None


class Claim(FrozenModel):
    """One line of a bank's answer, with its figures as the bank wrote them.

    `claim_paise` is the tainted part that the line speaks of, `amount_paise` the whole transaction. Of a hold,
    `claim_paise` is what is on hold, and `amount_paise` is lower only if the line states a lower disputed amount.
    """

    kind: ClaimKind
    natural_key: str
    """equal for two lines with the same statement"""
    root_reference_key: str
    root_account_key: str
    root_account: str = ""
    """as the bank writes it"""
    amount_paise: int
    claim_paise: int
    takes_rest: bool = False
    """whether the line claims the money of its hop that is still in play, in small amounts and without a sum"""
    reference: str = ""
    payee: PayeeClaim | None = None
    occurred_at: UtcDatetime | None = None
    status_code: str = "00"
    remarks: str = ""
    balance_paise: int | None = None
    """balance of the account in this line; may be negative"""
    balance_is_free: bool = False
    """whether the balance excludes money on hold in the account"""
    flags: tuple[Flag, ...] = ()
    raw: dict[str, Any]

    @property
    def within_paise(self) -> int:
        """Return the part of the claim that is within its transaction."""
        return min(self.claim_paise, self.amount_paise)


class KnownLines(FrozenModel):
    """Natural keys of earlier lines of an institution about a case."""

    taken: frozenset[str] = frozenset()
    stray: frozenset[str] = frozenset()
    """lines that named no hop of that institution and had no effect"""
    hop_nos: Mapping[str, frozenset[int]] = {}
    """by key: the hops that the lines were about"""


class PayerAsked(FrozenModel):
    """Question to the victim's bank about a victim's own transfer, with what the victim told."""

    inquiry_id: UUID
    holder: str
    """the account debited, as told"""
    transferred_at: UtcDatetime
    near_seconds: float


class Booked(FrozenModel):
    """Money of a hop that an answer has booked, by kind.

    `MOVED` is of the hop that the money moved to.
    """

    hop_no: int
    kind: ClaimKind
    paise: int


class HopPosition(FrozenModel):
    """Hop as the reconciliation sees it: its identity, and its amounts by place (paise)."""

    hop_no: int
    revision: int
    parent_hop_no: int | None
    institution: str | None
    sent_by: str | None = None
    """bank of the parent hop, which says that it sent the transfer; None for a victim's own transfer"""
    reference_key: str
    account_key: str
    layer: int
    source: HopSource
    state: HopState
    amount_paise: int
    disputed_paise: int
    in_play_paise: int
    untraced_paise: int
    refused_paise: int
    held_paise: int = 0
    """on hold, or restored or released from a hold"""
    withdrawn: bool = False
    """whether two officers have withdrawn the hop"""
    stated_paise: Mapping[ClaimKind, int] = {}
    """money booked here by earlier statements that this answer may only repeat, by kind (`Booked`)"""
    asked_anew: int = 0
    """how often a resolution put money back in play; an earlier statement may then be repeated"""
    payer: PayerAsked | None = None
    """set if the answering bank is asked about this transfer as the victim's bank"""
    in_job: bool = False
    """whether the answer has the job id of a request about this hop"""
    before_job: bool = False
    """whether a request about this hop has no job id yet; an answer may come before the bank's own reply"""


class PayerLine(FrozenModel):
    """Statement of the victim's bank in one line of its answer."""

    inquiry_id: UUID
    hop_no: int
    claim_index: int
    claim: Claim
    kind: PayerLineKind
    differing: tuple[Differing, ...] = ()
    payer_confirmed: bool = False
    """whether the bank states the same debited account as the victim"""
    is_near: bool = False
    """whether a found transfer is near the told one"""
    has_exact_time: bool = False
    """whether the bank states a found transfer's date and time of day without doubt"""

    @property
    def is_proposed(self) -> bool:
        """Return whether a task proposes the found transfer to the desk. An undated one may be near."""
        return self.is_near or self.claim.occurred_at is None

    @property
    def may_follow(self) -> bool:
        """Return whether a signed statement is enough to follow the found transfer before an officer decides."""
        return self.is_near and self.has_exact_time and not self.differing


class Entry(FrozenModel):
    """One ledger entry; `amount_paise` is signed."""

    hop_no: int
    bucket: Bucket
    amount_paise: int


class NewHop(FrozenModel):
    """Hop that a bank's answer opens."""

    hop_no: int
    claim_index: int
    """index of the line that opened it"""
    parent_hop_no: int
    layer: int
    payee: PayeeClaim
    reference: str
    amount_paise: int
    disputed_paise: int
    answered_paise: int = 0
    """the part about which its bank has answered for a complaint's hop; it is untraced here, and not asked about"""
    transferred_at: UtcDatetime | None
    state: HopState
    flags: tuple[Flag, ...] = ()

    @property
    def in_play_paise(self) -> int:
        """Return the part that its bank is asked about."""
        return self.disputed_paise - self.answered_paise


class Confirmation(FrozenModel):
    """Hop that a bank's line about its transfer changes, as it stands after the answer.

    The bank confirms a hop of the desk's. Its disputed amount grew by `more_paise`. If that is zero, the bank added no
    money, and only `flags` are new. A complaint's hop changes only by `asked_together`.
    """

    hop_no: int
    revision: int
    state: HopState
    institution: str | None
    reference_key: str
    amount_paise: int
    disputed_paise: int
    more_paise: int
    asked_together: bool = False
    """whether one request must ask about it and about a new hop of the same transfer"""
    flags: tuple[Flag, ...] = ()

    @property
    def changes_request(self) -> bool:
        """Return whether a request must ask otherwise than before."""
        return self.more_paise > 0 or self.asked_together

    @property
    def asks_again(self) -> bool:
        """Return whether the bank must be asked again."""
        return self.changes_request and self.state is HopState.OPEN


class Judgement(FrozenModel):
    """Result of one line: its hops, and how much of it was applied."""

    claim: Claim
    disposition: Disposition
    hop_nos: tuple[int, ...] = ()
    applied_paise: int = 0


class Discrepancy(FrozenModel):
    """Claim that cannot be applied as it stands, kept for an officer.

    `applied_paise` is the part of `claimed_paise` that was applied, or the amount that the claim contradicts.
    """

    kind: DiscrepancyKind
    claim_index: int
    hop_no: int | None
    claimed_paise: int
    applied_paise: int


class NotFound(FrozenModel):
    """Victim's own transfer of which its bank does not find all money, with the bank's code."""

    hop_no: int
    code: str
    nothing_found: bool
    """whether the bank has found no money of it at all"""


class Reconciliation(FrozenModel):
    """All changes of one answer, to be written in one transaction."""

    judgements: tuple[Judgement, ...]
    entries: tuple[Entry, ...]
    new_hops: tuple[NewHop, ...]
    confirmed: tuple[Confirmation, ...]
    closed: tuple[int, ...]
    """hops with nothing in play any more"""
    parked: tuple[int, ...]
    """hops that wait for a correction by the desk"""
    discrepancies: tuple[Discrepancy, ...]
    tasks: tuple[NewTask, ...]
    not_found: tuple[NotFound, ...] = ()
    """closed hops that the bank is to be asked about again"""
    found: tuple[int, ...] = ()
    """closed hops whose refused money is all placed now"""
    payer_lines: tuple[PayerLine, ...] = ()
    """what the bank says as the victim's bank"""
    restated: tuple[Booked, ...] = ()
    """money that the lines state again, so that they move none for it"""
