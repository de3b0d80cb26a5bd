"""The policy file's model: every code, deadline and threshold, with its source beside it.

None of it is a constant in code, because neither the bank API document nor the SOP is public (domain.md).
"""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from domain.banks.answering_curve import CallRules
from domain.banks.circuit_breaker import BreakerRules
from domain.errors import InvalidPolicy
from domain.policy.restoration import (
    GrievanceRules,
    HoldRules,
    MessageRules,
    OrderRule,
    PaperRules,
    PoliceRules,
    RestorationRules,
)
from schemas.banks.rosters import HolidayRules
from schemas.base import FrozenModel, Paise
from schemas.enums import AnswerClass, Rung
from schemas.outbox.case import CasePolicy, LadderRung, PriorityRules

Source = Annotated[str, Field(min_length=3)]
Seconds = Annotated[float, Field(gt=0, le=400 * 86_400)]
PACKAGED_POLICY = Path(__file__).with_name("policy.toml")


class CodeMeaning(StrEnum):
    """What a bank's status code means for the hop."""

    OK = "ok"
    REFUSED = "refused"
    CORRECTION = "correction"
    REVIEW = "review"


class StatusCode(FrozenModel):
    """One status code of the bank wire."""

    meaning: CodeMeaning
    text: str
    source: Source


class RungRule(FrozenModel):
    """How long after the rung below it a rung is climbed, for each class of bank."""

    api_seconds: Seconds
    seat_seconds: Seconds
    mail_seconds: Seconds
    source: Source

    def after_seconds(self, answer_class: AnswerClass) -> float:
        """The wait before this rung for a bank of that class."""
        return {
            AnswerClass.API: self.api_seconds,
            AnswerClass.SEAT: self.seat_seconds,
            AnswerClass.MAIL: self.mail_seconds,
        }[answer_class]


class Delivery(FrozenModel):
    """How a request that cannot be delivered is tried again."""

    call_timeout_seconds: Seconds
    retry_initial_seconds: Seconds
    retry_max_seconds: Seconds
    retry_for_seconds: Seconds
    mail_attempts: Annotated[int, Field(ge=1, le=20)]
    source: Source


class ChannelRules(FrozenModel):
    """When a channel to a bank is dropped for the next, and when it is tried again."""

    failures_to_open: Annotated[int, Field(ge=1, le=1000)]
    silences_to_open: Annotated[int, Field(ge=1, le=1000)]
    probe_after_seconds: Seconds
    probe_after_max_seconds: Seconds
    source: Source

    def breaker(self, clock_factor: float) -> BreakerRules:
        """The same for the breaker, with every wait divided by `clock_factor`."""
        return BreakerRules(
            failures_to_open=self.failures_to_open,
            silences_to_open=self.silences_to_open,
            probe_after_seconds=self.probe_after_seconds / clock_factor,
            probe_after_max_seconds=self.probe_after_max_seconds / clock_factor,
        )


class SignatureRules(FrozenModel):
    """When a request that a bank has signed is taken."""

    window_seconds: Annotated[float, Field(ge=1, le=3600)]
    """how far its `created` may be from our clock, either way"""
    source: Source


class AnswerLinkRules(FrozenModel):
    """The links in letters to banks."""

    valid_seconds: Seconds
    """by the wall's clock, whatever the clock factor: a person reads the letter"""
    source: Source


class LimitName(StrEnum):
    """The rate policies of the banks' API. Each is a bucket of its own: reads never use up what answers need."""

    FEED_READS = "feed-reads"
    ANSWERS = "answers"
    ACKNOWLEDGES = "acknowledges"
    LIEN_LISTS = "lien-lists"


class RateLimit(FrozenModel):
    """A token bucket: at most `calls` at once, refilled evenly in `seconds`."""

    calls: Annotated[int, Field(ge=1, le=1_000_000)]
    seconds: Seconds
    source: Source


class BankLimits(FrozenModel):
    """How much a bank may call at our door."""

    waiting_at_once: Annotated[int, Field(ge=1, le=100)]
    """calls that wait for a change, in one process"""
    policies: dict[LimitName, RateLimit]
    source: Source

    @model_validator(mode="after")
    def _none_is_missing(self) -> Self:
        missing = [name.value for name in LimitName if name not in self.policies]
        if missing:
            raise ValueError(f"bank_limits.policies lacks {', '.join(missing)}")
        return self


class TryName(StrEnum):
    """What may be tried without a login, each so often: `RateLimit.calls` of one name at once."""

    LINK_USES = "link-uses"
    LINK_GUESSES = "link-guesses"
    BANK_LOGINS = "bank-logins"
    APPEAL_CODES = "appeal-codes"
    APPEAL_TRIES = "appeal-tries"


class DoorRules(FrozenModel):
    """What our doors put up with, by the wall's clock."""

    body_seconds: Annotated[float, Field(gt=0, le=600)]
    """within which the whole body of a request must be here, from the first wait for it; a head, from its first byte"""
    tries: dict[TryName, RateLimit]
    source: Source

    @model_validator(mode="after")
    def _none_is_missing(self) -> Self:
        missing = [name.value for name in TryName if name not in self.tries]
        if missing:
            raise ValueError(f"doors.tries lacks {', '.join(missing)}")
        return self


class ListRules(FrozenModel):
    """When an institution is asked for its list of liens, by the wall's clock, whatever the clock factor."""

    every_seconds: Seconds
    stagger_seconds: Annotated[float, Field(ge=0, le=400 * 86_400)]
    """within which the institutions are asked, each at a moment of its own"""
    deadline_seconds: Seconds
    """then the desk has a task to call"""
    supervisor_after_seconds: Seconds
    """after the deadline; then the supervisor has one"""
    source: Source

    @model_validator(mode="after")
    def _ends_before_the_next(self) -> Self:
        if self.deadline_seconds + self.supervisor_after_seconds > self.every_seconds:
            raise ValueError("deadline_seconds and supervisor_after_seconds together are more than every_seconds")
        return self


class ReconciliationRules(FrozenModel):
    """How banks are asked for their lists of liens."""

    asks_a_round: Annotated[int, Field(ge=1, le=500)]
    looks_a_round: Annotated[int, Field(ge=1, le=10_000)]
    """institutions of which it is seen whether they have liens at all"""
    channel: ListRules
    """of institutions that a channel can ask"""
    letter: ListRules
    """of those that people must ask"""
    source: Source

    def of(self, *, by_channel: bool) -> ListRules:
        """The rules for an institution."""
        return self.channel if by_channel else self.letter


class Priority(FrozenModel):
    """Which request goes first: fresh and large before old and small (1 is first, 5 last)."""

    fresh_seconds: Seconds
    warm_seconds: Seconds
    large_paise: Paise
    source: Source


class DeskRules(FrozenModel):
    """How long a hop may wait for the desk, in `correction` or `unroutable`."""

    remind_after_seconds: Seconds
    """then the supervisor is told, once"""
    write_off_after_seconds: Seconds
    """then its money is untraced, until somebody places it"""
    source: Source

    @model_validator(mode="after")
    def _reminds_first(self) -> Self:
        if self.write_off_after_seconds <= self.remind_after_seconds:
            raise ValueError("write_off_after_seconds must be more than remind_after_seconds")
        return self


class Outbox(FrozenModel):
    """How long news that a workflow was told are kept."""

    keep_told_seconds: Seconds
    """by the wall's clock, whatever the clock factor: they are kept for people who look into a fault"""
    source: Source


class RightOfWay(FrozenModel):
    """How long what is not urgent stands back for a case whose money is chased; by the clock of the trail."""

    take_up_after_seconds: Seconds
    """holds are taken up together so long after the first of them; those of a settled case at once"""
    papers_after_seconds: Seconds
    """after the case was opened; the papers of a settled case come at once"""
    source: Source


class ReplayRules(FrozenModel):
    """How long is kept what only serves against repeats, by the wall's clock whatever the clock factor."""

    keep_feed_keys_seconds: Seconds
    """after an Idempotency-Key of a bank was used first"""
    keep_ended_links_seconds: Seconds
    """after a link in a letter has ended without a form; until then its page says that it has"""
    source: Source


class TrailRules(FrozenModel):
    """Bounds of the chase, and what the banks' codes mean."""

    min_chase_paise: Paise
    max_layers: Annotated[int, Field(ge=1, le=50)]
    max_hops: Annotated[int, Field(ge=10, le=200_000)]
    stale_days: Annotated[int, Field(ge=1)]
    source: Source
    status_codes: dict[str, StatusCode]

    def meaning(self, code: str) -> CodeMeaning:
        """What `code` means; an unknown code is for a person to read."""
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
    doors: DoorRules
    ladder: dict[Rung, RungRule]
    desk: DeskRules
    outbox: Outbox
    right_of_way: RightOfWay
    replay: ReplayRules
    reconciliation: ReconciliationRules
    call_list: CallRules
    bank_holidays: HolidayRules
    restoration: RestorationRules
    hold: HoldRules
    grievance: GrievanceRules
    order: OrderRule
    police: PoliceRules
    papers: PaperRules
    messages: MessageRules

    @model_validator(mode="after")
    def _ladder_is_whole(self) -> Self:
        missing = [rung.value for rung in Rung if rung not in self.ladder]
        if missing:
            raise ValueError(f"ladder lacks {', '.join(missing)}")
        return self

    def case_policy(self, clock_factor: float) -> CasePolicy:
        """What a case is promised when it starts, with every wait divided by `clock_factor` (1 outside a demo)."""
        ladders = {
            answer_class: tuple(
                LadderRung(rung=rung, after_seconds=self.ladder[rung].after_seconds(answer_class) / clock_factor)
                for rung in Rung
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
    """Read and check a policy file (the packaged one by default). Raises `InvalidPolicy` naming file and field."""
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
