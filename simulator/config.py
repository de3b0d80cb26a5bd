"""What a simulated day is made of: every distribution, rate and limit of the world, as data.

The defaults follow the design notes' "Numbers to size by"; where those give no number the value is an assumption, and
says so. Times are seconds of the *world's* clock (which runs `clock_factor` times faster than the wall's) unless a name
ends in `_wall_seconds`.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulator.seeds import lognormal

Rate = Annotated[float, Field(ge=0, le=1)]
AnswerClass = Literal["api", "seat", "mail"]
CLASSES: tuple[AnswerClass, ...] = ("api", "seat", "mail")
Channel = Literal["i4c", "push", "pull", "iso20022", "email"]
Turns = Annotated[tuple[Channel, ...], Field(min_length=1, max_length=20)]

DAY_SECONDS = 86_400.0
MINUTE_SECONDS = 60.0
HOUR_SECONDS = 3_600.0
MAX_DEPTH = 8
MAX_FAN_OUT = 6
MAX_CASE_HOPS = 150


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Knobs(_Frozen):
    """How often each trap of real bank and police data is set. All are shares in [0, 1] unless said otherwise."""

    # In the complaint.
    duplicate_complaint: Rate = 0.02
    """another complaint about the same transfers, with a key of its own"""
    repeated_post: Rate = 0.01
    """the same complaint posted twice with the same key"""
    bad_rrn: Rate = 0.03
    """a transfer told with a wrong RRN or UTR, which the desk must correct"""
    wrong_bank: Rate = 0.015
    """a transfer told with the wrong receiving bank, which the desk must correct"""
    unlisted_bank: Rate = 0.005
    """an onward transfer into a bank that no directory lists"""

    # In a bank's rows, by hop.
    zero_padded_account: Rate = 0.05
    odd_time: Rate = 0.01
    """`13:34:PM` for a time"""
    bank_name_contradicts_ifsc: Rate = 0.02
    duplicate_row: Rate = 0.02
    old_row: Rate = 0.005
    """a row more than six months old among the debits"""
    unasked_hop: Rate = 0.005
    """a row about a hop nobody asked about"""
    contradictory_answer: Rate = 0.005
    """a second answer that says otherwise"""
    hold_after_emptied: Rate = 0.01
    """a bank that claims a hold on an account which was already empty; of the hops found empty"""
    denied_transfer: Rate = 0.01
    """the receiving bank denies (20 or 01) what the sending bank swears to; layer 2 and deeper"""
    statement_unavailable: Rate = 0.04
    """the bank holds what is there and cannot trace the rest (01)"""
    unknown_status: Rate = 0.005
    """a status code nobody explained (99, 77)"""

    # In a bank's posts, by ticket.
    duplicate_post: Rate = 0.02
    early_answer: Rate = 0.01
    """answered before the fraud report got its HTTP reply"""
    late_answer: Rate = 0.01
    partial_answer: Rate = 0.03
    """answered in two posts"""
    reversed_parts: Rate = 0.5
    """of the answers in two posts: the second part first"""
    silent_api: Rate = 0.0
    silent_seat: Rate = 0.02
    silent_mail: Rate = 0.05
    """tickets nobody works until a reminder, a letter or a call comes"""

    # In a bank's machines.
    ignores_key: Rate = 0.05
    """banks that open a second ticket for a repeated request (never a second hold)"""
    lost_reply: Rate = 0.01
    """reports that the bank takes while the line drops before its reply: the police must ask again"""
    token_loss: Rate = 0.002
    """requests answered 401 because the bank forgot its tokens"""
    outages_per_day: Annotated[float, Field(ge=0, le=100)] = 0.5
    """by bank: connection reset, 503 with Retry-After, or a hang"""
    outage_median_seconds: Annotated[float, Field(gt=0)] = 240.0

    @classmethod
    def none(cls) -> Self:
        """No traps at all: banks that always answer, once, in order and truly."""
        return cls.model_validate(dict.fromkeys(cls.model_fields, 0) | {"outage_median_seconds": 1.0})


class Delay(_Frozen):
    """A lognormal delay, clipped; seconds of the world's clock."""

    median: Annotated[float, Field(ge=0)]
    sigma: Annotated[float, Field(ge=0)] = 0.0
    least: Annotated[float, Field(ge=0)] = 0.0
    most: Annotated[float, Field(ge=0)] = 30 * DAY_SECONDS

    def drawn(self, seed: int, *labels: str) -> float:
        """The named delay of the world with that seed, in seconds."""
        return min(max(lognormal(seed, self.median, self.sigma, *labels), self.least), self.most)


class BankDelays(_Frozen):
    """How long a bank of each class takes to work one incident, from the moment it has the ticket."""

    api: Delay = Delay(median=45.0, sigma=0.9, least=2.0, most=900.0)
    seat: Delay = Delay(median=17 * MINUTE_SECONDS, sigma=0.35, least=8 * MINUTE_SECONDS, most=45 * MINUTE_SECONDS)
    mail: Delay = Delay(median=8 * HOUR_SECONDS, sigma=0.8, least=HOUR_SECONDS, most=72 * HOUR_SECONDS)

    def of(self, answer_class: AnswerClass) -> Delay:
        """The delay of one class."""
        delay: Delay = getattr(self, answer_class)
        return delay


class ClassShares(_Frozen):
    """The share of hops (and of institutions) at banks of each class; adds up to 1. An assumption."""

    api: Rate = 0.60
    seat: Rate = 0.25
    mail: Rate = 0.15

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if round(self.api + self.seat + self.mail, 6) != 1:
            raise ValueError("the shares of api, seat and mail must add up to 1")
        return self


class Channels(_Frozen):
    """How the police reach banks of each class: they take turns down the list, the largest first.

    Every bank has a mailbox besides, which the police may write to when all else fails.
    """

    api: Turns = ("i4c",)
    seat: Turns = ("i4c",)
    mail: Turns = ("i4c",)

    def of(self, answer_class: AnswerClass, place: int) -> Channel:
        """The channel of the bank at that place among those of its class."""
        turns: tuple[Channel, ...] = getattr(self, answer_class)
        return turns[place % len(turns)]


class Nudges(_Frozen):
    """What a reminder, a letter or a call does: it works with this probability, and then shortens the wait."""

    api: Rate = 0.9
    seat: Rate = 0.7
    mail: Rate = 0.5
    call: Rate = 0.9
    """a phone call, whatever the class"""
    remaining: Rate = 0.2
    """what is left of the wait after a nudge that worked"""


class MoneyModel(_Frozen):
    """How much is lost, when it is reported and what becomes of it."""

    loss_mean_paise: Annotated[int, Field(gt=0)] = 4_650_000
    """UP, January 2026: ₹138.32 crore over 29,715 complaints"""
    loss_sigma: Annotated[float, Field(ge=0)] = 1.4
    loss_least_paise: int = 50_000
    loss_most_paise: int = 500_000_000
    reported_within_hour: Rate = 0.20
    reported_within_day: Rate = 0.40
    """between one hour and a day; the rest later, up to a week"""
    hops_scale: Annotated[float, Field(gt=0)] = 14.8
    """size of the network of a mean loss; calibrated so that a case has 12 traced hops on average"""
    hops_sigma: Annotated[float, Field(ge=0)] = 0.6
    hops_by_loss: Annotated[float, Field(ge=0)] = 0.4
    """exponent: larger losses run through larger networks"""
    first_move: Delay = Delay(median=8 * MINUTE_SECONDS, sigma=1.0, least=20.0)
    """from the victim's transfer to the first onward move"""
    next_move: Delay = Delay(median=10 * MINUTE_SECONDS, sigma=1.1, least=20.0)
    cash_out: Delay = Delay(median=20 * MINUTE_SECONDS, sigma=1.1, least=60.0)
    cash_share: Rate = 0.30
    merchant_share: Rate = 0.10
    vanish_share: Rate = 0.22
    """leaves in ways no bank explains: the untraced part"""
    shop_account_share: Rate = 0.25
    """of the merchant ends: a transfer into a shop's own account, which has other business, rather than a POS"""
    shared_mule_rate: Rate = 0.05
    """accounts that several cases use"""
    other_business_rate: Rate = 0.15
    """mule accounts that also hold their owner's own money"""


class OrderHabits(_Frozen):
    """What banks do with orders to give money back or to let it go. Rates are by order; all of it is an assumption.

    Days are those of procedures. What only a signed answer can say (twice, elsewhere) no letter's page takes.
    """

    api: Delay = Delay(median=DAY_SECONDS, sigma=0.4, least=0.3 * DAY_SECONDS)
    seat: Delay = Delay(median=2 * DAY_SECONDS, sigma=0.4, least=0.5 * DAY_SECONDS)
    mail: Delay = Delay(median=3 * DAY_SECONDS, sigma=0.4, least=DAY_SECONDS)
    late: Rate = 0.06
    """done after its time"""
    late_seconds: Annotated[float, Field(gt=0)] = 18 * DAY_SECONDS
    in_part: Rate = 0.12
    """half now, the rest a while later"""
    twice: Rate = 0.05
    """credited a second time, under another reference"""
    elsewhere: Rate = 0.05
    """credited to a wrong account first"""

    def of(self, answer_class: AnswerClass) -> Delay:
        """The delay of one class, in seconds of procedures."""
        delay: Delay = getattr(self, answer_class)
        return delay


class HomeHabits(_Frozen):
    """What victims, account holders, police and courts do on the way home. Rates are by restoration; assumptions."""

    applies: Rate = 0.7
    """victims who sign the application; of the others the money lapses"""
    fir: Rate = 0.5
    """cases with money on hold for which the investigating officer registers a report"""
    objects: Rate = 0.12
    """account holders who object; the others stay silent"""
    consents: Rate = 0.2
    """account holders who say at once that they have no objection"""
    objection_upheld: Rate = 0.4
    court_refuses: Rate = 0.05
    sp_refuses: Rate = 0.03
    sent_back: Rate = 0.05
    """verifications that go back to the victim once"""
    appeals: Rate = 0.25
    """account holders who appeal against the hold they are told of by short message"""
    appeal_genuine: Rate = 0.6
    """appeals about money that is the holder's own"""
    level_convinced: Rate = 0.6
    """levels that see it, and let at least a part go"""
    level_sleeps: Rate = 0.15
    """levels that let their time pass"""
    appeals_on: Rate = 0.7
    """holders who take a decision that keeps the hold to the next level"""
    looks_again: Delay = Delay(median=10 * DAY_SECONDS, sigma=0.3, least=5 * DAY_SECONDS)
    """until a holder looks how the appeal stands"""
    visit: Delay = Delay(median=2 * DAY_SECONDS, sigma=0.5, least=0.5 * DAY_SECONDS)
    """until a person has done what the step waits for, in seconds of procedures"""
    court: Delay = Delay(median=12 * DAY_SECONDS, sigma=0.4, least=4 * DAY_SECONDS)
    poll_wall_seconds: Annotated[float, Field(gt=0)] = 0.5


class SimulatorConfig(_Frozen):
    """One simulated day."""

    seed: int = 7
    complaints: Annotated[int, Field(ge=0, le=90_000)] = 60
    institutions: Annotated[int, Field(ge=3, le=400)] = 40
    day_seconds: Annotated[float, Field(gt=0)] = DAY_SECONDS
    """world time over which the complaints come in"""
    profile: Literal["even", "uniform", "diurnal"] = "uniform"
    """`even`: one every day_seconds / complaints; `uniform`: at random; `diurnal`: at random, by the hour of the day"""
    clock_factor: Annotated[float, Field(gt=0)] = 1.0
    knobs: Knobs = Knobs()
    delays: BankDelays = BankDelays()
    classes: ClassShares = ClassShares()
    channels: Channels = Channels()
    nudges: Nudges = Nudges()
    money: MoneyModel = MoneyModel()
    random_faults: bool = False
    """every bank has faults of its own, drawn from the seed (simulator/banks/faults.py)"""
    procedure_clock_factor: Annotated[float, Field(gt=0)] = 1.0
    """how much faster than the wall's the months of procedures run: restoration, release, orders to banks"""
    orders: OrderHabits = OrderHabits()
    way_home: HomeHabits = HomeHabits()
    correction_delay: Delay = Delay(median=10 * MINUTE_SECONDS, sigma=0.5, least=60.0)
    """how long the desk needs for a correction, once it sees the task"""

    police_key: Annotated[str, Field(min_length=16, repr=False)] = "a-key-of-an-invented-register"
    """with which calls to the register of reports, at `/police`, are signed"""
    sms_token: Annotated[str, Field(min_length=1, repr=False)] = "an-invented-gateway"  # noqa: S105 - invented, as everything here
    """that senders show to the gateway of short messages, at `/sms`"""
    iso_spool: Path | None = None
    """the folder that banks of the channel `iso20022` share with the police; without it nothing reaches them"""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    smtp_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    token_ttl_seconds: Annotated[int, Field(gt=0)] = 3_600
    posts_at_once: Annotated[int, Field(gt=0, le=256)] = 32
    """connections the banks together hold to the police API"""
    first_backoff_wall_seconds: Annotated[float, Field(gt=0)] = 0.2
    """before a post that failed is tried again; doubles up to ten seconds"""
    complaints_at_once: Annotated[int, Field(gt=0, le=256)] = 32
    desk_poll_wall_seconds: Annotated[float, Field(gt=0)] = 1.0
