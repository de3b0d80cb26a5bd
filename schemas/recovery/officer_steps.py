"""Steps of officers in a restoration: verbs, withdrawals, and decisions on who paid."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Reason, UtcDatetime, WithReason
from schemas.enums import ChannelKind, DiscrepancyKind, ResolutionDecision
from schemas.identifiers import ACK_NO_PATTERN
from schemas.restoration_enums import ConfirmedBy, Route, Step


class OfficerAct(StrEnum):
    """Act of an officer for which a restoration waits."""

    RECEIVE_APPLICATION = "receive_application"
    VERIFY = "verify"
    DECIDE_OBJECTION = "decide_objection"
    WAIVE_NOTICE = "waive_notice"
    """holders may still object; an officer may record the signed waiver of a holder"""
    TAKE_ORDER = "take_order"
    PREPARE = "prepare"
    CONFIRM_CREDIT_ACCOUNT = "confirm_credit_account"
    APPROVE = "approve"
    RECEIVE_BOND = "receive_bond"


class Awaited(StrEnum):
    """Who has to act before a restoration goes on."""

    OFFICER = "officer"
    """the officer who reads the list"""
    OTHERS = "others"
    """the time to object runs, or another officer approves what this one prepared"""


class OfficerStep(FrozenModel):
    """A restoration that waits for an officer, with the act that it waits for."""

    restoration_id: UUID
    case_ack_no: str
    ack_no: str
    round_no: int
    act: OfficerAct
    step: Step
    visit_no: int
    route: Route | None
    due_at: UtcDatetime | None
    overdue: bool
    paise: int
    """amount prepared for approval, or else the amount on hold"""
    accounts: Annotated[int, Field(ge=0)]
    """accounts with that amount"""
    prepared_by: str | None
    """the officer who prepared it neither approves nor refuses it"""
    is_other_account: bool
    """whether another account is to be credited than the one that paid"""
    is_disputed: bool
    """whether an objection or a holder's grievance is undecided"""


class OfficerSteps(FrozenModel):
    """Page of steps that wait for an officer, the first deadline first."""

    items: tuple[OfficerStep, ...]
    next: str | None
    later_at: UtcDatetime | None = None
    """first deadline of the open restorations that do not wait for the officer; only where nothing waits"""
    later_files: int = 0
    """restorations with a deadline on that day"""


class BankVoice(FrozenModel):
    """Statement of one bank about a transfer (paise). Without one the amount is null."""

    institution: str | None
    """null if the directory does not know the bank"""
    name: str
    paise: int | None
    stated_at: UtcDatetime | None
    """when it was first said"""
    channel: ChannelKind | None
    """channel of the request that it answered, if known"""


class DiscrepancyOfFile(FrozenModel):
    """Claims about a transfer that did not agree, and who settled them."""

    discrepancy_id: int
    kind: DiscrepancyKind
    institution: str
    claimed_paise: int
    applied_paise: int
    opened_at: UtcDatetime
    decision: ResolutionDecision | None
    proposed_by: str | None
    settled_by: str | None
    settled_at: UtcDatetime | None
    reason: str


class TransferOfFile(FrozenModel):
    """One transfer whose money is on hold, with the voices of the two banks."""

    hop_no: int
    layer: int
    reference: str
    transferred_at: UtcDatetime
    payer_end: str
    """last four characters of the account that it came from"""
    disputed_paise: int
    confirmed_by: ConfirmedBy
    entered_by: tuple[str, ...]
    """who imported or entered by telephone what alone confirms it"""
    entered_confirmed_by: str | None
    """the second officer who confirmed what was entered; without one it claims nothing against other victims"""
    holder: BankVoice
    """the bank that has the money on hold: how much arrived there"""
    payer: BankVoice
    """the bank that sent it: how much it sent there"""
    agree: bool | None
    """whether both banks name the same amount; null if one of them has named none"""
    discrepancies: tuple[DiscrepancyOfFile, ...]


class AccountOfFile(FrozenModel):
    """One account of a restoration: what is on hold, what others claim, and what goes to the victim (paise)."""

    hold_id: UUID
    institution: str
    name: str
    account_end: str
    """last four characters of the account"""
    first_held_at: UtcDatetime
    held_paise: int
    """on hold at the account, over all cases"""
    others: int
    """claims of other complaints on the account that count"""
    others_claim_paise: int
    victim_paise: int
    """prepared for this victim; before the preparation what is on hold for the victim"""
    transfers: tuple[TransferOfFile, ...]


class WaiverOfFile(FrozenModel):
    """A holder waived the rest of the time to object."""

    hold_id: UUID
    visit_no: int
    recorded_by: str
    recorded_at: UtcDatetime
    contradict_until: UtcDatetime


class CreditAccountOfFile(FrozenModel):
    """Who entered the other account to be credited and who confirmed it, without its number."""

    account_id: int
    institution: str
    account_end: str
    reason: str
    proof: str
    same_name: bool
    told_by: str
    told_at: UtcDatetime
    confirmed_by: str | None
    confirmed_at: UtcDatetime | None
    object_until: UtcDatetime | None


class RestorationFile(FrozenModel):
    """Facts for the decision on a restoration, beside those of `RestorationView`."""

    restoration_id: UUID
    last_event_seq: int
    """number of the last event of the case's log that the view covers"""
    prepared_at: UtcDatetime | None
    accounts: tuple[AccountOfFile, ...]
    """the accounts with most on hold first"""
    more_accounts: bool
    """whether there are accounts that are not shown"""
    total_paise: int
    """what all accounts give the victim, those that are not shown too; an approval repeats it as `due_paise`"""
    waivers: tuple[WaiverOfFile, ...]
    credit_account: CreditAccountOfFile | None
    """the newest other account that was proposed and not ended; null if the account that paid is credited"""


class CreditedAccount(FrozenModel):
    """An account that an approval would credit, in full."""

    institution: str
    account: Annotated[str, Field(repr=False)]
    ifsc: str | None


class CreditedAccounts(FrozenModel):
    """The accounts that an approval would credit, in full."""

    items: tuple[CreditedAccount, ...]


class WithdrawalKind(StrEnum):
    """Why a complaint is withdrawn."""

    FALSE = "false"
    """what it tells did not happen"""
    MISTAKEN = "mistaken"
    """it names a wrong transfer, or tells one a second time"""
    SETTLED = "settled"
    """the victim has the money back, or claims it no more"""


class WithdrawalDecision(StrEnum):
    """Decision of the second officer on a withdrawal."""

    AGREED = "agreed"
    REJECTED = "rejected"


class NewWithdrawal(FrozenModel):
    """Withdrawal as one officer proposes it; without `hop_no` of the whole complaint."""

    kind: WithdrawalKind
    hop_no: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """a transfer of the complaint. What the banks found below it is withdrawn with it"""
    reason: Reason


class Withdrawal(FrozenModel):
    """Withdrawal and its decision, if any."""

    withdrawal_id: int
    ack_no: str
    hop_no: int | None
    kind: WithdrawalKind
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime
    decision: WithdrawalDecision | None
    decided_by: str | None
    decided_at: UtcDatetime | None
    decided_reason: str | None
    hop_nos: tuple[int, ...]
    """hops that it took out; empty until it is agreed"""


class Withdrawals(FrozenModel):
    """Withdrawals of a complaint, the newest first."""

    withdrawals: tuple[Withdrawal, ...]


ComplaintNo = Annotated[str, StringConstraints(pattern=ACK_NO_PATTERN.pattern)]


class NewPayerDecision(WithReason):
    """Complaint that is right about the payer, as one officer proposes. A second officer agrees."""

    ack_no: ComplaintNo


class SeenPayerDecision(FrozenModel):
    """Complaint that is right, as the second officer finds. It must equal the proposed one."""

    ack_no: ComplaintNo


class SeenEntered(WithReason):
    """Sums that the second officer saw of a transfer, and how they were checked."""

    sent_paise: int = Field(ge=0)
    """as the bank that sent it stated"""
    placed_paise: int = Field(ge=0)
    """as the bank of the account stated"""


class EnteredConfirmed(FrozenModel):
    """Confirmation by a second officer of what officers had entered."""

    hop_no: int
    confirmed_paise: int
    entered_by: tuple[str, ...]
    confirmed_by: str


class PayerClaim(FrozenModel):
    """The payer that a complaint names, with the account masked."""

    ack_no: str
    received_at: UtcDatetime
    payer_institution: str
    account_end: str
    """last four characters of the payer's account"""
    stands: bool
    """whether the money belongs to this complaint now"""


class PayerDecision(FrozenModel):
    """A proposed decision, and the agreement if there is one."""

    decision_id: int
    ack_no: str
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime
    agreed_by: str | None
    agreed_at: UtcDatetime | None
    given_to: str | None = None
    """complaint of the same victim that owns the money, if the one that is right is in another case"""


class ContestedTransfer(FrozenModel):
    """A victim's transfer with the payer that each complaint names, and the decisions."""

    hop_no: int
    undecided: bool
    """whether a restoration of its money waits for a decision"""
    bank_differs: bool = False
    """whether the newest statement of the victim's bank names another debited account"""
    ordered: bool = False
    """whether a bank is ordered to credit its money, or has credited it, while a decision waits"""
    claims: tuple[PayerClaim, ...]
    decisions: tuple[PayerDecision, ...]


class ContestedTransfers(FrozenModel):
    """The transfers of a case whose payer complaints tell differently (the first 100)."""

    transfers: tuple[ContestedTransfer, ...]
