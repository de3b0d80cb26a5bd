"""Fields of the public complaint form: what a page shows of a draft, and what it changes of it.

Every page has its own part of the draft. A fault is named by a text of the catalogue, because a visitor reads it.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from adapters.banks.i4c.values import AmountError, parse_moment, parse_rupees
from adapters.messages.sms import mobile_of
from api.forms import CLOCK_SLACK
from domain.districts import known_district
from schemas.enums import Language
from schemas.identifiers import IFSC_PATTERN, RRN_PATTERN, UTR_PATTERN
from schemas.people.drafts import DraftContent, DraftParty, DraftTransfer, DraftVictim
from schemas.privacy.personal_data import DONT_KNOW, Reach, ReachWay, Teller
from schemas.text import IST, is_email

Change = Callable[[DraftContent], DraftContent]
"""puts the part of one page into a draft"""

STORY_MAX_CHARS: Final = 4_000
"""less than a draft takes: a Hindi letter is nine bytes in a form, and a body has 64 KiB"""
LINE_MAX_CHARS: Final = 200
HOUR_CHOICES: Final = (8, 10, 12, 14, 16, 18, 20, 22)
CATEGORIES: Final[Mapping[str, str]] = {
    "upi": "UPI fraud",
    "investment": "Investment fraud",
    "job": "Job fraud",
    "arrest": "Digital arrest",
    "loan": "Loan app",
    "card": "Card or ATM fraud",
    "app": "Remote access app or phishing link",
    "shop": "Shopping fraud",
    "intimate": "Sexual blackmail",
    "other": "Other financial fraud",
}
"""categories as complaints have them, by the choice on the page"""
AGES: Final = ("child", "adult", "senior")
YES: Final = "yes"


@dataclass
class Answers:
    """Fields of one page as they were sent, with the faults by field, and the change that they make."""

    fields: Mapping[str, str] = field(repr=False)
    now: datetime
    errors: dict[str, str] = field(default_factory=dict)
    """key of the text that says what is wrong, by field"""

    def text(self, name: str, most: int = LINE_MAX_CHARS) -> str:
        """Return a text as typed; a longer one than fits is a fault."""
        value = self.fields.get(name, "")
        if len(value) > most:
            self.errors[name] = "too_long"
        return value[:most]

    def needed(self, name: str, error: str) -> str:
        """Return a text that must be there. `error` is the key of the text about a missing one."""
        value = self.text(name)
        if not value:
            self.errors[name] = error
        return value

    def ticked(self, name: str) -> bool:
        """Return whether a box is ticked."""
        return self.fields.get(name) == YES

    def mobile(self, name: str, *, needed: bool) -> str:
        """Return the ten digits of a mobile number; empty if none is typed."""
        typed = digits_of(self.fields.get(name, ""))
        number = (mobile_of(typed) or "").removeprefix("+91")
        if (typed and not number) or (needed and not typed):
            self.errors[name] = "mobile_wrong"
        return number


def ascii_digits(text: str) -> str:
    """Return a text with the digits of every script as ASCII digits."""
    return "".join(str(unicodedata.decimal(c, c)) for c in text.strip())


def digits_of(text: str) -> str:
    """Return such a text without blanks and hyphens."""
    return re.sub(r"[\s-]", "", ascii_digits(text))


# -- a transfer --------------------------------------------------------------------------------------------------------


def transfer_fields(transfer: DraftTransfer) -> dict[str, str]:
    """Return the fields of a transfer as a page shows them."""
    day, _, clock = transfer.transferred_at.partition("T")
    return {
        "bank": transfer.payer.institution or transfer.payer.ifsc,
        "account": transfer.payer.account or transfer.payer.vpa,
        "amount": f"{transfer.amount_paise / 100:.2f}".removesuffix(".00") if transfer.amount_paise else "",
        "reference": transfer.rrn or transfer.utr,
        "day": day,
        "clock": clock[:5],
        "to": transfer.payee.vpa or transfer.payee.account,
        "to_bank": transfer.payee.ifsc or transfer.payee.institution,
    }


def told_time(text: str) -> str:
    """Return the time of a transfer as people write it: 28-11-2026 14:05."""
    day, _, clock = text.partition("T")
    return " ".join(filter(None, ("-".join(reversed(day.split("-"))), clock)))


def read_transfer(answers: Answers) -> DraftTransfer:
    """Return the transfer that a page tells. Faults stand in `answers`."""
    # In the order of the page, which is that of the list of faults.
    amount_paise, bank = _amount(answers), answers.needed("bank", "bank_missing")
    rrn, utr = _reference(answers)
    return DraftTransfer(
        payer=_party(bank, answers.text("account", 64)),
        payee=_party(answers.text("to_bank"), answers.text("to", 64)),
        amount_paise=amount_paise,
        rrn=rrn,
        utr=utr,
        transferred_at=_moment(answers),
    )


def _party(bank: str, holder: str) -> DraftParty:
    by_ifsc = IFSC_PATTERN.fullmatch(bank.upper()) is not None
    holder = holder.replace(" ", "")
    vpa = holder if "@" in holder else ""
    return DraftParty(
        institution="" if by_ifsc else bank,
        ifsc=bank.upper() if by_ifsc else "",
        vpa=vpa,
        account="" if vpa else holder,
    )


def _amount(answers: Answers) -> int | None:
    text = answers.fields.get("amount", "").lower().removeprefix("₹").removeprefix("rs.").removeprefix("rs").strip()
    try:
        paise = parse_rupees(ascii_digits(text))
    except AmountError:
        paise = 0
    if not paise:
        answers.errors["amount"] = "amount_wrong"
    return paise or None


def _reference(answers: Answers) -> tuple[str, str]:
    """Return the reference of a transfer as RRN and UTR, one of them empty.

    One in an unusual form is asked for again, and then taken as typed.
    """
    typed = digits_of(answers.text("reference", 64)).upper()
    is_rrn = RRN_PATTERN.fullmatch(typed) is not None and set(typed) != {"0"}
    if not is_rrn and not UTR_PATTERN.fullmatch(typed):
        if not re.fullmatch(r"[0-9A-Z]{6,40}", typed) or not re.search("[1-9]", typed):
            answers.errors["reference"] = "reference_missing"
        elif answers.fields.get("sure") != typed:
            answers.errors["reference"] = "reference_odd"
    return (typed, "") if is_rrn else ("", typed)


def _moment(answers: Answers) -> str:
    """Return the time of a transfer as a complaint has it: a date, and the time if it is known."""
    day, clock = (ascii_digits(answers.fields.get(name, "")) for name in ("day", "clock"))
    at, _ = parse_moment(day)
    if at is None:
        answers.errors["day"] = "day_wrong"
        return ""
    if clock:
        at, _ = parse_moment(f"{day} {clock}")
        if at is None:
            answers.errors["clock"] = "clock_wrong"
            return ""
    if at > answers.now + CLOCK_SLACK:
        answers.errors["clock" if clock else "day"] = "in_future"
    return f"{at.astimezone(IST):%Y-%m-%dT%H:%M}" if clock else f"{at.astimezone(IST):%Y-%m-%d}"


def with_transfer(index: int, transfer: DraftTransfer) -> Change:
    """Return the change that puts a transfer at its place, or behind the last one."""

    def change(content: DraftContent) -> DraftContent:
        kept = list(content.transfers)
        kept[index : index + 1] = [transfer]
        return content.model_copy(update={"transfers": tuple(kept)})

    return change


# -- the person --------------------------------------------------------------------------------------------------------


def who_fields(content: DraftContent) -> dict[str, str]:
    """Return the fields of the page about the victim as it shows them."""
    victim, teller = content.victim, content.teller
    ages = {"child": victim.child is True, "senior": victim.senior is True, "adult": victim.child is False}
    age = next((name for name, is_stated in ages.items() if is_stated), "")
    woman = {True: "woman", False: "other", DONT_KNOW: "", None: ""}[victim.woman]
    known = known_district(victim.district) if victim.district else None
    return {
        "for": "other" if teller else ("self" if victim.name else ""),
        "name": victim.name,
        "woman": woman,
        "age": age,
        "district": known.code if known else victim.district,
        "teller": teller.name if teller else "",
        "relation": teller.relation if teller else "",
        # A person who has confirmed a number on the way here need not type it.
        "teller_mobile": teller.mobile if teller else content.caller_mobile,
    }


def read_who(answers: Answers) -> Change:
    """Return what the page about the victim changes. Faults stand in `answers`."""
    for_other = answers.fields.get("for") == "other"
    if answers.fields.get("for") not in {"self", "other"}:
        answers.errors["for"] = "for_missing"
    name = answers.needed("name", "name_missing")
    age, woman = answers.fields.get("age", ""), answers.fields.get("woman", "")
    district = known_district(answers.fields.get("district", ""))
    teller = None
    if for_other:
        teller = Teller(
            name=answers.needed("teller", "teller_missing"),
            relation=answers.text("relation"),
            mobile=answers.mobile("teller_mobile", needed=False),
        )
    marks = {
        "woman": {"woman": True, "other": False}.get(woman),
        "child": age == "child" if age in AGES else None,
        "senior": age == "senior" if age in AGES else None,
    }

    def change(content: DraftContent) -> DraftContent:
        stated = {"name": name, "district": district.english if district else "", **marks}
        victim = DraftVictim.model_validate(content.victim.model_dump() | stated)
        return content.model_copy(update={"victim": victim, "teller": teller})

    return change


# -- what happened -----------------------------------------------------------------------------------------------------


def story_fields(content: DraftContent) -> dict[str, str]:
    """Return the fields of the page about what happened as it shows them."""
    chosen = {category: name for name, category in CATEGORIES.items()}
    return {"category": chosen.get(content.category, ""), "story": content.story}


def read_story(answers: Answers) -> Change:
    """Return what the page about what happened changes. Faults stand in `answers`."""
    category = CATEGORIES.get(answers.fields.get("category", ""), "")
    if not category:
        answers.errors["category"] = "category_missing"
    story = answers.text("story", STORY_MAX_CHARS)
    return lambda content: content.model_copy(update={"category": category, "story": story})


# -- how to reach ------------------------------------------------------------------------------------------------------


def reach_fields(content: DraftContent) -> dict[str, str]:
    """Return the fields of the page about safe ways as it shows them."""
    reach, victim = content.reach, content.victim
    # The number of a person who complains for the victim is not the victim's.
    mobile = victim.mobile or ("" if content.teller else content.caller_mobile)
    return {
        "way": reach.way.value if reach and reach.way else "",
        "mobile": mobile,
        "email": victim.email,
        "from": str(reach.from_hour) if reach and reach.from_hour is not None else "",
        "until": str(reach.to_hour) if reach and reach.to_hour is not None else "",
        "quiet": YES if reach and reach.keeps_quiet else "",
        "officer": YES if reach and reach.wants_woman_officer is True else "",
    }


def read_reach(answers: Answers, language: Language) -> Change:
    """Return what the page about safe ways changes. Faults stand in `answers`."""
    chosen = answers.fields.get("way", "")
    way = ReachWay(chosen) if chosen in set(ReachWay) else None
    if way is None:
        answers.errors["way"] = "way_missing"
    mobile = answers.mobile("mobile", needed=way in {ReachWay.CALL, ReachWay.SMS})
    email = answers.text("email", 254)
    if (email or way is ReachWay.EMAIL) and not is_email(email):
        answers.errors["email"] = "email_wrong"
    from_hour, to_hour = _hour(answers, "from"), _hour(answers, "until")
    if from_hour is not None and to_hour is not None and from_hour >= to_hour:
        answers.errors["until"] = "hours_wrong"
    reach = Reach(
        way=way,
        from_hour=from_hour,
        to_hour=to_hour,
        is_quiet=answers.ticked("quiet"),
        wants_woman_officer=answers.ticked("officer"),
    )

    def change(content: DraftContent) -> DraftContent:
        stated = {"mobile": mobile, "email": email, "language": language}
        victim = content.victim.model_copy(update=stated)
        return content.model_copy(update={"victim": victim, "reach": reach})

    return change


def _hour(answers: Answers, name: str) -> int | None:
    text = answers.fields.get(name, "")
    return int(text) if text in {str(hour) for hour in HOUR_CHOICES} else None
