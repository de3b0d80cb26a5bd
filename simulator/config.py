"""The settings of a world, and names in it.

Configuration of a simulated day: every distribution, rate and limit, as data. The defaults follow "Numbers to size by"
in the design notes. Without a number there, the value is an assumption and says so. Times are seconds of *simulated*
time, `clock_factor` times faster than real time, unless a name ends in `_wall_seconds`.
"""

import random
import string
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulator.clock import happens, lognormal

Rate = Annotated[float, Field(ge=0, le=1)]
AnswerClass = Literal["api", "seat", "mail"]
CLASSES: tuple[AnswerClass, ...] = ("api", "seat", "mail")
Channel = Literal["i4c", "push", "pull", "iso20022", "email"]
ChannelRotation = Annotated[tuple[Channel, ...], Field(min_length=1, max_length=20)]

DAY_SECONDS = 86_400.0
MINUTE_SECONDS = 60.0
HOUR_SECONDS = 3_600.0
MAX_DEPTH = 8
MAX_FAN_OUT = 6
MAX_CASE_HOPS = 150


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Knobs(_Frozen):
    """Rates of the mistakes in real bank and police data. All are shares in [0, 1] unless stated otherwise."""

    # In the complaint.
    duplicate_complaint: Rate = 0.02
    """a second complaint about the same transfers, with its own key"""
    repeated_post: Rate = 0.01
    """the same complaint posted twice with the same key"""
    bad_rrn: Rate = 0.03
    """a transfer with a wrong RRN or UTR, which the desk must correct"""
    wrong_bank: Rate = 0.015
    """a transfer with the wrong receiving bank, which the desk must correct"""
    unlisted_bank: Rate = 0.005
    """an onward transfer into a bank that no directory lists"""

    invented_complaint: Rate = 0.0
    """a complaint of a mule's friend: an invented transfer, far above the loss, into the account that was paid first"""

    # In a bank's rows, per hop.
    zero_padded_account: Rate = 0.05
    odd_time: Rate = 0.01
    """`13:34:PM` as a time"""
    bank_name_contradicts_ifsc: Rate = 0.02
    duplicate_row: Rate = 0.02
    old_row: Rate = 0.005
    """a row more than six months old among the debits"""
    unasked_hop: Rate = 0.005
    """a row about a hop that was not in the request"""
    contradictory_answer: Rate = 0.005
    """a second answer with other content"""
    hold_after_emptied: Rate = 0.01
    """a bank reports a hold on an account that was already empty; share of the hops found empty"""
    denied_transfer: Rate = 0.01
    """the receiving bank denies (20 or 01) a transfer that the sending bank confirms; layer 2 and deeper"""
    statement_unavailable: Rate = 0.04
    """the bank holds the available amount and cannot trace the rest (01)"""
    not_found_first: Rate = 0.0
    """the bank does not find a victim's transfer at first (01), and finds it when it is asked again; layer 1"""
    payer_bank_answers: Rate = 0.0
    """the bank that debited a victim's transfer answers a report about it with what left the account"""
    payer_bank_wrong: Rate = 0.0
    """such an answer states another amount"""
    payer_bank_late: Rate = 0.0
    """such an answer is late"""
    unknown_status: Rate = 0.005
    """a status code without a known meaning (99, 77)"""

    # In a bank's posts, per ticket.
    duplicate_post: Rate = 0.02
    early_answer: Rate = 0.01
    """answered before the HTTP reply to the fraud report"""
    late_answer: Rate = 0.01
    partial_answer: Rate = 0.03
    """answered in two posts"""
    reversed_parts: Rate = 0.5
    """share of the answers in two posts in which the second part comes first"""
    silent_api: Rate = 0.0
    silent_seat: Rate = 0.02
    silent_mail: Rate = 0.05
    """tickets that are not handled until a reminder, a letter or a call comes"""

    # In a bank's systems.
    ignores_key: Rate = 0.05
    """banks that open a second ticket for a repeated request (never a second hold)"""
    lost_reply: Rate = 0.01
    """reports that the bank accepts while the connection drops before its reply, so the police must send them again"""
    token_loss: Rate = 0.002
    """requests answered with 401 because the bank lost its tokens"""
    outages_per_day: Annotated[float, Field(ge=0, le=100)] = 0.5
    """per bank: connection reset, 503 with Retry-After, or a hanging connection"""
    outage_median_seconds: Annotated[float, Field(gt=0)] = 240.0

    @classmethod
    def none(cls) -> Self:
        """Return knobs without any mistake: banks always answer, once, in order and correctly."""
        return cls.model_validate(dict.fromkeys(cls.model_fields, 0) | {"outage_median_seconds": 1.0})


class Delay(_Frozen):
    """A lognormal delay with limits; seconds of simulated time."""

    median: Annotated[float, Field(ge=0)]
    sigma: Annotated[float, Field(ge=0)] = 0.0
    least: Annotated[float, Field(ge=0)] = 0.0
    most: Annotated[float, Field(ge=0)] = 30 * DAY_SECONDS

    def drawn(self, seed: int, *labels: str) -> float:
        """Return the named delay in the world with that seed, in seconds."""
        return min(max(lognormal(seed, self.median, self.sigma, *labels), self.least), self.most)


class BankDelays(_Frozen):
    """Time that a bank of each class needs for one incident, from receipt of the ticket."""

    api: Delay = Delay(median=45.0, sigma=0.9, least=2.0, most=900.0)
    seat: Delay = Delay(median=17 * MINUTE_SECONDS, sigma=0.35, least=8 * MINUTE_SECONDS, most=45 * MINUTE_SECONDS)
    mail: Delay = Delay(median=8 * HOUR_SECONDS, sigma=0.8, least=HOUR_SECONDS, most=72 * HOUR_SECONDS)

    def of(self, answer_class: AnswerClass) -> Delay:
        """Return the delay of one class."""
        delay: Delay = getattr(self, answer_class)
        return delay


class ClassShares(_Frozen):
    """Share of hops (and of institutions) at banks of each class; adds up to 1. An assumption."""

    api: Rate = 0.60
    seat: Rate = 0.25
    mail: Rate = 0.15

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if round(self.api + self.seat + self.mail, 6) != 1:
            raise ValueError("the shares of api, seat and mail must add up to 1")
        return self


class Channels(_Frozen):
    """Channels of the banks of each class: the banks use the list in rotation, the largest first.

    Every bank also has a mailbox, to which the police may write if all else fails.
    """

    api: ChannelRotation = ("i4c",)
    seat: ChannelRotation = ("i4c",)
    mail: ChannelRotation = ("i4c",)

    def of(self, answer_class: AnswerClass, place: int) -> Channel:
        """Return the channel of the bank at that place in its class."""
        rotation: tuple[Channel, ...] = getattr(self, answer_class)
        return rotation[place % len(rotation)]


class Nudges(_Frozen):
    """Effect of a reminder, a letter or a call: it works with this probability, and then shortens the wait."""

    api: Rate = 0.9
    seat: Rate = 0.7
    mail: Rate = 0.5
    call: Rate = 0.9
    """a phone call, for any class"""
    remaining: Rate = 0.2
    """share of the wait that remains after a reminder that worked"""


class MoneyModel(_Frozen):
    """Amounts lost, reporting delays, and movement of the money."""

    loss_mean_paise: Annotated[int, Field(gt=0)] = 4_650_000
    """UP, January 2026: ₹138.32 crore over 29,715 complaints"""
    loss_sigma: Annotated[float, Field(ge=0)] = 1.4
    loss_least_paise: int = 50_000
    loss_most_paise: int = 500_000_000
    reported_within_hour: Rate = 0.20
    reported_within_day: Rate = 0.40
    """between one hour and a day; the rest later, up to a week"""
    hops_scale: Annotated[float, Field(gt=0)] = 14.8
    """size of the network for a mean loss; calibrated so that a case has 12 traced hops on average"""
    hops_sigma: Annotated[float, Field(ge=0)] = 0.6
    hops_by_loss: Annotated[float, Field(ge=0)] = 0.4
    """exponent: larger losses run through larger networks"""
    first_move: Delay = Delay(median=8 * MINUTE_SECONDS, sigma=1.0, least=20.0)
    """from the victim's transfer to the first onward transfer"""
    next_move: Delay = Delay(median=10 * MINUTE_SECONDS, sigma=1.1, least=20.0)
    cash_out: Delay = Delay(median=20 * MINUTE_SECONDS, sigma=1.1, least=60.0)
    cash_share: Rate = 0.30
    merchant_share: Rate = 0.10
    vanish_share: Rate = 0.22
    """leaves in ways that no bank explains: the untraced part"""
    shop_account_share: Rate = 0.25
    """share of merchant ends that are a transfer into a shop's own account with other business, instead of a POS"""
    shared_mule_rate: Rate = 0.05
    """accounts that several cases use"""
    other_business_rate: Rate = 0.15
    """mule accounts that also hold their owner's own money"""


class OrderHabits(_Frozen):
    """Behaviour of banks with orders to restore or release money. Rates are per order; all values are assumptions.

    Days are those of procedures. Only signed answers can report a second credit or a wrong account; the page behind a
    letter's link does not accept that.
    """

    api: Delay = Delay(median=DAY_SECONDS, sigma=0.4, least=0.3 * DAY_SECONDS)
    seat: Delay = Delay(median=2 * DAY_SECONDS, sigma=0.4, least=0.5 * DAY_SECONDS)
    mail: Delay = Delay(median=3 * DAY_SECONDS, sigma=0.4, least=DAY_SECONDS)
    late: Rate = 0.06
    """done after its deadline"""
    late_seconds: Annotated[float, Field(gt=0)] = 18 * DAY_SECONDS
    in_part: Rate = 0.12
    """half at first, the rest later"""
    twice: Rate = 0.05
    """credited a second time, under another reference"""
    elsewhere: Rate = 0.05
    """credited to a wrong account first"""

    def of(self, answer_class: AnswerClass) -> Delay:
        """Return the delay of one class, in seconds of procedure time."""
        delay: Delay = getattr(self, answer_class)
        return delay


class RestorationHabits(_Frozen):
    """Behaviour of victims, account holders, police and courts in restorations.

    Rates are per restoration; assumptions.
    """

    applies: Rate = 0.7
    """victims who sign the application; the money of the others lapses"""
    fir: Rate = 0.5
    """cases with money on hold for which the investigating officer registers an FIR"""
    objects: Rate = 0.12
    """account holders who object; the others do not respond"""
    consents: Rate = 0.2
    """account holders who say at once that they have no objection"""
    objection_upheld: Rate = 0.4
    court_refuses: Rate = 0.05
    sp_refuses: Rate = 0.03
    sent_back: Rate = 0.05
    """verifications that go back to the victim once"""
    appeals: Rate = 0.25
    """account holders who file a grievance against the hold after the SMS notice"""
    appeal_genuine: Rate = 0.6
    """grievances about money that belongs to the holder"""
    level_convinced: Rate = 0.6
    """levels that find it justified and release at least a part"""
    level_sleeps: Rate = 0.15
    """levels that miss their deadline"""
    appeals_on: Rate = 0.7
    """holders who take a decision that upholds the hold to the next level"""
    looks_again: Delay = Delay(median=10 * DAY_SECONDS, sigma=0.3, least=5 * DAY_SECONDS)
    """until a holder checks the state of the grievance"""
    visit: Delay = Delay(median=2 * DAY_SECONDS, sigma=0.5, least=0.5 * DAY_SECONDS)
    """until a person has done what the step needs, in seconds of procedure time"""
    court: Delay = Delay(median=12 * DAY_SECONDS, sigma=0.4, least=4 * DAY_SECONDS)
    poll_wall_seconds: Annotated[float, Field(gt=0)] = 0.5


class SimulatorConfig(_Frozen):
    """Configuration of one simulated day."""

    seed: int = 7
    complaints: Annotated[int, Field(ge=0, le=90_000)] = 60
    institutions: Annotated[int, Field(ge=3, le=400)] = 40
    day_seconds: Annotated[float, Field(gt=0)] = DAY_SECONDS
    """simulated time over which the complaints arrive"""
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
    """every bank has its own faults, drawn from the seed (simulator/banks/faults.py)"""
    procedure_clock_factor: Annotated[float, Field(gt=0)] = 1.0
    """how much faster than real time procedures run: restoration, release, orders to banks"""
    orders: OrderHabits = OrderHabits()
    restoration: RestorationHabits = RestorationHabits()
    correction_delay: Delay = Delay(median=10 * MINUTE_SECONDS, sigma=0.5, least=60.0)
    """how long the desk needs for a correction after it sees the task"""

    police_key: Annotated[str, Field(min_length=16, repr=False)] = "a-key-of-an-invented-register"
    """key that signs calls to the FIR register at `/police`"""
    sms_token: Annotated[str, Field(min_length=1, repr=False)] = "an-invented-gateway"  # noqa: S105 - invented, as everything here
    """token of senders at the SMS gateway, at `/sms`"""
    sms_entity_id: str = ""
    """id that the SMS gateway knows the sender by; without it no message needs ids"""
    sms_templates: dict[str, str] = {}
    """registered texts at the SMS gateway, by their ids"""
    iso_spool: Path | None = None
    """folder that banks on the channel `iso20022` share with the police; without it they receive nothing"""
    authority_file: Path | None = None
    """file of the authority of the police's certificates; without it those of the system are trusted"""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    smtp_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    token_ttl_seconds: Annotated[int, Field(gt=0)] = 3_600
    posts_at_once: Annotated[int, Field(gt=0, le=256)] = 32
    """connections of all banks together to the police API"""
    first_backoff_wall_seconds: Annotated[float, Field(gt=0)] = 0.2
    """wait before a failed post is retried; doubles up to ten seconds"""
    complaints_at_once: Annotated[int, Field(gt=0, le=256)] = 32
    desk_poll_wall_seconds: Annotated[float, Field(gt=0)] = 1.0


_GIVEN = (
    "Aarav",
    "Aditi",
    "Ajay",
    "Alka",
    "Amit",
    "Anil",
    "Anita",
    "Arun",
    "Asha",
    "Deepak",
    "Farhan",
    "Gita",
    "Harish",
    "Imran",
    "Indu",
    "Jyoti",
    "Kamal",
    "Kavita",
    "Lata",
    "Mahesh",
    "Manoj",
    "Meena",
    "Mohan",
    "Nasreen",
    "Neha",
    "Nitin",
    "Pooja",
    "Prakash",
    "Rahul",
    "Rajesh",
    "Rani",
    "Ravi",
    "Rekha",
    "Sanjay",
    "Seema",
    "Shabana",
    "Sunil",
    "Sunita",
    "Suresh",
    "Usha",
    "Vijay",
    "Vikas",
    "Vinod",
    "Yasmin",
)
_FAMILY = (
    "Agarwal",
    "Ahmad",
    "Ansari",
    "Bajpai",
    "Bharti",
    "Chaudhary",
    "Chauhan",
    "Dubey",
    "Gupta",
    "Jain",
    "Kashyap",
    "Khan",
    "Kumar",
    "Kushwaha",
    "Mishra",
    "Nishad",
    "Pal",
    "Pandey",
    "Patel",
    "Rai",
    "Rathore",
    "Saxena",
    "Sharma",
    "Shukla",
    "Siddiqui",
    "Singh",
    "Srivastava",
    "Tiwari",
    "Tripathi",
    "Verma",
    "Yadav",
)
DISTRICTS = (
    "LUCKNOW",
    "KANPUR NAGAR",
    "GAUTAM BUDDHA NAGAR",
    "GHAZIABAD",
    "VARANASI",
    "AGRA",
    "PRAYAGRAJ",
    "MEERUT",
    "BAREILLY",
    "GORAKHPUR",
    "ALIGARH",
    "MORADABAD",
    "SAHARANPUR",
    "JHANSI",
    "MATHURA",
    "AYODHYA",
    "AZAMGARH",
    "MIRZAPUR",
    "BASTI",
    "GONDA",
    "HARDOI",
    "SITAPUR",
    "UNNAO",
    "BALLIA",
    "BANDA",
)
CATEGORIES = (
    "upi_fraud",
    "customer_care_fraud",
    "investment_fraud",
    "digital_arrest",
    "job_fraud",
    "otp_fraud",
    "loan_app_fraud",
    "online_shopping_fraud",
)
TOWNS = ("Hazratganj", "Civil Lines", "Sadar Bazar", "Station Road", "Naya Ganj", "Chowk", "Gomti Nagar", "Sector 18")
SHOPS = ("Shree Jewellers", "City Electronics", "Annapurna Kirana", "Metro Fuels", "Galaxy Mobiles", "Raj Textiles")


def person_name(rng: random.Random) -> str:
    """Return a given and a family name."""
    return f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}"


def mobile(rng: random.Random) -> str:
    """Return a mobile number: ten digits, the first of them 6 to 9."""
    return f"{rng.choice('6789')}{rng.randrange(10**9):09d}"


def pan(rng: random.Random) -> str:
    """Return a well-formed PAN; one in ten holders has only FORM60."""
    if happens(rng, 0.1):
        return "FORM60"
    letters = "".join(rng.choices(string.ascii_uppercase, k=3))
    return (
        f"{letters}P{rng.choice(string.ascii_uppercase)}{rng.randrange(10**4):04d}{rng.choice(string.ascii_uppercase)}"
    )


def ifsc(rng: random.Random, prefix: str) -> str:
    """Return a branch's IFSC at the bank whose codes begin with `prefix`."""
    return f"{prefix}0{rng.randrange(10**6):06d}"
