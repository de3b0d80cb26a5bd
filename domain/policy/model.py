"""Model of the policy file: every code, deadline and threshold, with its source.

None is a constant in code, because neither the bank API document nor the SOP of 2 January 2026 is public.
"""

import tomllib
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from domain.errors import InvalidPolicy
from domain.policy.callers import BankLimits, InterfaceRules
from domain.policy.fields import Seconds, Source
from domain.policy.figures import FigureRules, NightlyRules
from domain.policy.notices import NoticeRules
from domain.policy.officers import (
    AdministrationRules,
    AlarmRules,
    CourtOrderRules,
    ReadLogRules,
    RefusalLogRules,
    ReleaseRules,
    SearchRules,
    SessionRules,
)
from domain.policy.people import DraftRules, MarkedRules, MyCaseRules, PublicFormRules
from domain.policy.personal_data import PersonalDataRules
from domain.policy.restoration import (
    AutomaticReleaseRules,
    DocumentRules,
    GrievanceRules,
    HoldRules,
    MessageRules,
    OrderRule,
    PoliceRules,
    RestorationRules,
)
from domain.policy.telephone import CallRules, HolidayRules, TelephoneRules
from domain.policy.work_items import AssignmentRules, OfficerStreamRules, ShiftRules, WorkItemRules
from schemas.base import FrozenModel, Paise
from schemas.enums import AnswerClass, EscalationLevel
from schemas.procedures import CasePolicy, LevelWait, PriorityRules

PACKAGED_POLICY = Path(__file__).with_name("policy.toml")


class CodeMeaning(StrEnum):
    """Meaning of a bank's status code for the hop."""

    OK = "ok"
    REFUSED = "refused"
    CORRECTION = "correction"
    REVIEW = "review"


class StatusCode(FrozenModel):
    """Status code of the bank wire."""

    meaning: CodeMeaning
    text: str
    source: Source


class EscalationRule(FrozenModel):
    """Delay of an escalation level after the one before, for each class of bank."""

    api_seconds: Seconds
    seat_seconds: Seconds
    mail_seconds: Seconds
    source: Source

    def after_seconds(self, answer_class: AnswerClass) -> float:
        """Return the delay before this level for a bank of that class."""
        return {
            AnswerClass.API: self.api_seconds,
            AnswerClass.SEAT: self.seat_seconds,
            AnswerClass.MAIL: self.mail_seconds,
        }[answer_class]


class Delivery(FrozenModel):
    """Retry of a request that cannot be delivered."""

    call_timeout_seconds: Seconds
    retry_initial_seconds: Seconds
    retry_max_seconds: Seconds
    retry_for_seconds: Seconds
    mail_attempts: Annotated[int, Field(ge=1, le=20)]
    source: Source


class BreakerRules(FrozenModel):
    """Limits at which a channel is dropped, and waits before it is tried again."""

    failures_to_open: Annotated[int, Field(ge=1, le=1000)]
    """failed deliveries in a row"""
    silences_to_open: Annotated[int, Field(ge=1, le=1000)]
    """unanswered requests in a row, with no answer between them"""
    probe_after_seconds: Annotated[float, Field(gt=0)]
    """first wait of a dropped channel; it doubles with every further failure"""
    probe_after_max_seconds: Annotated[float, Field(gt=0)]


class ChannelRules(FrozenModel):
    """Limits at which a channel to a bank is dropped, and waits before it is tried again."""

    failures_to_open: Annotated[int, Field(ge=1, le=1000)]
    silences_to_open: Annotated[int, Field(ge=1, le=1000)]
    probe_after_seconds: Seconds
    probe_after_max_seconds: Seconds
    source: Source

    def breaker(self, clock_factor: float) -> BreakerRules:
        """Return the rules for the circuit breaker, with every wait divided by `clock_factor`."""
        return BreakerRules(
            failures_to_open=self.failures_to_open,
            silences_to_open=self.silences_to_open,
            probe_after_seconds=self.probe_after_seconds / clock_factor,
            probe_after_max_seconds=self.probe_after_max_seconds / clock_factor,
        )


class SignatureRules(FrozenModel):
    """Limits for a request signed by a bank."""

    window_seconds: Annotated[float, Field(ge=1, le=3600)]
    """largest difference between its `created` and our clock"""
    tokens_end_after_seconds: Seconds
    """real time after a bank's first key begins at which its tokens no longer open the feed"""
    source: Source


class AnswerLinkRules(FrozenModel):
    """Links in letters to banks."""

    valid_seconds: Seconds
    """real time, whatever the clock factor, because a person reads the letter"""
    code_from_paise: Paise
    """sum of money named onward from which an answer needs a one-time code; the credit of money always needs one"""
    code_valid_seconds: Seconds
    code_tries: Annotated[int, Field(ge=1, le=20)]
    """wrong tries of one code"""
    source: Source


class ListRules(FrozenModel):
    """Times of inquiries to an institution for its list of liens, in real time whatever the clock factor."""

    every_seconds: Seconds
    stagger_seconds: Annotated[float, Field(ge=0, le=400 * 86_400)]
    """time over which the inquiries to all institutions are spread"""
    deadline_seconds: Seconds
    """time after which the desk has a work item to call"""
    supervisor_after_seconds: Seconds
    """time after the deadline at which the supervisor has a work item"""
    source: Source

    @model_validator(mode="after")
    def _ends_before_the_next(self) -> Self:
        if self.deadline_seconds + self.supervisor_after_seconds > self.every_seconds:
            raise ValueError("deadline_seconds and supervisor_after_seconds together are more than every_seconds")
        return self


class ReconciliationRules(FrozenModel):
    """Inquiries to banks for their lists of liens."""

    asks_a_round: Annotated[int, Field(ge=1, le=500)]
    looks_a_round: Annotated[int, Field(ge=1, le=10_000)]
    """institutions that are checked for liens in one cycle"""
    channel: ListRules
    """for institutions that a channel can ask"""
    letter: ListRules
    """for institutions that officers must ask"""
    source: Source

    def of(self, *, by_channel: bool) -> ListRules:
        """Return the rules for an institution, by whether a channel can ask it."""
        return self.channel if by_channel else self.letter


class Priority(FrozenModel):
    """Priority of requests: fresh and large before old and small (1 is first, 5 last)."""

    fresh_seconds: Seconds
    warm_seconds: Seconds
    large_paise: Paise
    source: Source


class DeskRules(FrozenModel):
    """Longest wait of a hop for the desk, in `correction` or `unroutable`."""

    remind_after_seconds: Seconds
    """time after which the supervisor is notified, once"""
    write_off_after_seconds: Seconds
    """time after which its money is untraced, until it is placed"""
    source: Source

    @model_validator(mode="after")
    def _reminds_first(self) -> Self:
        if self.write_off_after_seconds <= self.remind_after_seconds:
            raise ValueError("write_off_after_seconds must be more than remind_after_seconds")
        return self


class Outbox(FrozenModel):
    """Time for which delivered notifications to workflows are stored."""

    keep_told_seconds: Seconds
    """real time, whatever the clock factor, because officers read them to examine a fault"""
    source: Source


class BackgroundPriority(FrozenModel):
    """Background priority: delays of work that is not urgent while money is traced."""

    open_for_new_holds_after_seconds: Seconds
    """scaled time: holds start together this long after the first of them; those of a settled case at once"""
    documents_after_seconds: Seconds
    """scaled time after the opening of the case; documents of a settled case are due at once"""
    quiet_seconds: Annotated[float, Field(ge=0, le=60)]
    """real time: restorations are deferred until no request and no answer of any case came for this long"""
    defer_max_seconds: Annotated[float, Field(ge=0, le=3600)]
    """the longest deferral, in real time; a faster clock of restorations makes it shorter"""
    source: Source

    def quiet(self) -> timedelta:
        """Return how long no request and no answer may come before restorations go on."""
        return timedelta(seconds=self.quiet_seconds)

    def defer_max(self, procedure_clock_factor: float) -> timedelta:
        """Return the longest deferral: in real time, and no longer by the clock of restorations."""
        return timedelta(seconds=self.defer_max_seconds / max(1.0, procedure_clock_factor))


class ReplayRules(FrozenModel):
    """Time for which data against repeats is stored, in real time whatever the clock factor."""

    keep_feed_keys_seconds: Seconds
    """after the first use of a bank's Idempotency-Key"""
    keep_ended_links_seconds: Seconds
    """after a link in a letter has ended without a form; until then its page says so"""
    keep_login_addresses_seconds: Seconds
    """after a bank's last login from an address; a later one from there is a new address again"""
    source: Source


class AskAgainRules(FrozenModel):
    """When and how often a bank is asked again about a victim's transfer that it does not find."""

    after_seconds: Annotated[float, Field(gt=0)]
    """wait after each such answer"""
    times: Annotated[int, Field(ge=0, le=20)]
    source: Source


class PayerBankRules(FrozenModel):
    """Whether and how a victim's own bank is asked about the victim's transfer."""

    ask: bool
    near_seconds: Annotated[float, Field(ge=0)]
    """another transfer as near as this to the told one is proposed to the desk"""
    tries: Annotated[int, Field(ge=1, le=20)]
    retry_seconds: Seconds
    answer_within_seconds: Seconds
    """after this time no answer is expected any more"""
    follow_most: Annotated[int, Field(ge=0, le=100)]
    """transfers of one inquiry that are followed before an officer decides; 0: none"""
    source: Source


class TrailRules(FrozenModel):
    """Limits of tracing, and the meaning of the banks' codes."""

    min_chase_paise: Paise
    max_layers: Annotated[int, Field(ge=1, le=50)]
    max_hops: Annotated[int, Field(ge=10, le=200_000)]
    stale_days: Annotated[int, Field(ge=1)]
    import_pause_seconds: Seconds
    """how long no bank is asked about the cases of a workbook after the last sign of life of its import"""
    source: Source
    ask_again: AskAgainRules
    status_codes: dict[str, StatusCode]

    def meaning(self, code: str) -> CodeMeaning:
        """Return the meaning of `code`; an unknown code needs an officer to read it."""
        known = self.status_codes.get(code)
        return known.meaning if known else CodeMeaning.REVIEW


class Policy(FrozenModel):
    """The whole policy file."""

    version: Annotated[str, Field(min_length=1, max_length=40)]
    trail: TrailRules
    delivery: Delivery
    channels: ChannelRules
    priority: Priority
    signatures: SignatureRules
    answer_links: AnswerLinkRules
    bank_limits: BankLimits
    doors: InterfaceRules
    sessions: SessionRules
    administration: AdministrationRules
    search: SearchRules
    read_log: ReadLogRules
    marked: MarkedRules
    assignment: AssignmentRules
    drafts: DraftRules
    my_case: MyCaseRules
    public_form: PublicFormRules
    refusal_log: RefusalLogRules
    ladder: dict[EscalationLevel, EscalationRule]
    desk: DeskRules
    telephone: TelephoneRules
    outbox: Outbox
    background_priority: BackgroundPriority
    replay: ReplayRules
    reconciliation: ReconciliationRules
    call_list: CallRules
    payer_bank: PayerBankRules
    bank_holidays: HolidayRules
    restoration: RestorationRules
    hold: HoldRules
    automatic_release: AutomaticReleaseRules
    grievance: GrievanceRules
    release: ReleaseRules
    court_orders: CourtOrderRules
    alarms: AlarmRules
    order: OrderRule
    police: PoliceRules
    documents: DocumentRules
    messages: MessageRules
    personal_data: PersonalDataRules
    nightly: NightlyRules
    work_items: WorkItemRules
    officer_streams: OfficerStreamRules
    notices: NoticeRules
    shifts: ShiftRules
    figures: FigureRules

    @model_validator(mode="after")
    def _ladder_is_whole(self) -> Self:
        missing = [level.value for level in EscalationLevel if level not in self.ladder]
        if missing:
            raise ValueError(f"ladder lacks {', '.join(missing)}")
        return self

    def case_policy(self, clock_factor: float) -> CasePolicy:
        """Return the frozen policy of a case, with every wait divided by `clock_factor` (1 outside a demo)."""
        ladders = {
            answer_class: tuple(
                LevelWait(level=level, after_seconds=self.ladder[level].after_seconds(answer_class) / clock_factor)
                for level in EscalationLevel
            )
            for answer_class in AnswerClass
        }
        return CasePolicy(
            version=self.version,
            ladders=ladders,
            call_timeout_seconds=self.delivery.call_timeout_seconds,
            retry_initial_seconds=self.delivery.retry_initial_seconds / clock_factor,
            retry_max_seconds=self.delivery.retry_max_seconds / clock_factor,
            retry_for_seconds=self.delivery.retry_for_seconds / clock_factor,
            priority=PriorityRules(
                fresh_seconds=self.priority.fresh_seconds / clock_factor,
                warm_seconds=self.priority.warm_seconds / clock_factor,
                large_paise=self.priority.large_paise,
            ),
        )


def load_policy(path: Path | None = None) -> Policy:
    """Read and check a policy file, by default the packaged one. Raises `InvalidPolicy` naming file and field."""
    path = path or PACKAGED_POLICY
    try:
        with path.open("rb") as file:
            return Policy.model_validate(tomllib.load(file))
    except OSError as error:
        raise InvalidPolicy(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidPolicy(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidPolicy(f"{path}: {where}: {first['msg']} ({error.error_count()} in all)") from error
