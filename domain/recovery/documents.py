"""Facts that the law requires in each document.

A document with missing facts is refused, and the refusal names them all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from domain.errors import RuleBroken
from schemas.recovery.document_facts import DocumentFacts, Missing, Particulars
from schemas.restoration_enums import DocumentKind, OrderReason, Route
from schemas.text import IST

KHALSA: Final = "Khalsa Medical Store v RBI, Allahabad High Court, 19 January 2026"
SOP: Final = "SOP of the Ministry of Home Affairs, 2 January 2026"
KERALA: Final = "Kerala High Court, on freezes by banks"
BNSS_94: Final = "BNSS 94"
BNSS_106: Final = "BNSS 106"
BNSS_107: Final = "BNSS 107"
BNSS_503: Final = "BNSS 497 and 503"
HOUSE: Final = "rule of the house"

LOK_ADALAT: Final = "award of the Permanent Lok Adalat"

TO_A_BANK: Final = frozenset(
    {DocumentKind.LIEN_NOTICE, DocumentKind.FOLLOW_UP, DocumentKind.NOTICE_94, DocumentKind.NOTICE_106}
)
"""sent to the bank as soon as they are issued; an order goes over the bank's channel instead"""

SEIZURES: Final = frozenset({DocumentKind.NOTICE_106, DocumentKind.NOTICE_107})
"""seizures of property, which only the investigating officer or a superior issues"""

_SERIES: Final[Mapping[DocumentKind, str]] = {
    DocumentKind.LIEN_NOTICE: "LN",
    DocumentKind.MAGISTRATE_REPORT: "MR",
    DocumentKind.FOLLOW_UP: "FU",
    DocumentKind.NOTICE_94: "N94",
    DocumentKind.NOTICE_106: "N106",
    DocumentKind.NOTICE_107: "N107",
    DocumentKind.RESTORATION_APPLICATION: "RA",
    DocumentKind.SIGNED_APPLICATION: "SA",
    DocumentKind.RESTORATION_ORDER: "RO",
    DocumentKind.RELEASE_ORDER: "RL",
    DocumentKind.HOLDER_NOTICE: "HN",
    DocumentKind.STATUS_LETTER: "SL",
}


BY_LAW: Final = "engine"
"""issuer of orders that follow from the law itself, such as the end of a hold or the release of an excess"""


def is_by_law(ordered_by: str) -> bool:
    """Return whether the order follows from the law itself and has no issuing officer."""
    return ordered_by == BY_LAW


def series_of(kind: DocumentKind, at: datetime) -> str:
    """Return the number series of a kind of document for the year in IST: `GH/UP/LN/2026`."""
    return f"GH/UP/{_SERIES[kind]}/{at.astimezone(IST).year}"


class DocumentIncomplete(RuleBroken):
    """The document lacks facts that its law requires."""

    def __init__(self, kind: DocumentKind, missing: Sequence[Missing]) -> None:
        named = "; ".join(f"{item.field} ({item.law}: {item.why})" for item in missing)
        super().__init__(f"{kind.value} cannot be issued; missing: {named}")
        self.kind = kind
        self.missing = tuple(missing)


class DocumentDiffers(RuleBroken):
    """The document was issued with other particulars; a new revision can carry these."""

    def __init__(self, number: str, fields: Sequence[str]) -> None:
        super().__init__(f"{number} was issued with other {', '.join(fields)}")
        self.number = number
        self.fields = tuple(fields)


_FACTS_OF: Final[Mapping[str, tuple[str, ...]]] = {"by": ("produce_by", "show_cause_by", "object_by")}
"""fields of the facts for a particular whose name differs"""


def said_otherwise(asked: Particulars, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the requested particulars that differ from the stored facts of a document."""
    wanted = asked.model_dump(mode="json", exclude_defaults=True)
    return tuple(
        name
        for name, value in wanted.items()
        if any(facts[place] != value for place in _FACTS_OF.get(name, (name,)) if place in facts)
    )


Test = Callable[[Any, Any, datetime], bool]
"""takes the value, the facts of the document and the time of issue"""


def _is_there(value: Any, facts: Any, at: datetime) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(_is_there(item, facts, at) for item in value)
    return bool(value.strip() if isinstance(value, str) else value)


def _always(facts: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Requirement:
    """A fact that a law requires in a document. `accounts[].account` needs at least one account and a value in each."""

    field: str
    law: str
    why: str
    when: Callable[[Any], bool] = _always
    test: Test = _is_there


def _later(value: datetime | None, facts: Any, at: datetime) -> bool:
    return value is not None and value > at


def _after_the_notice(value: datetime | None, facts: Any, at: datetime) -> bool:
    days = timedelta(days=facts.notice_days + facts.service_days)
    return value is not None and facts.notice_days > 0 and value >= at + days


def _is_another(value: str, facts: Any, at: datetime) -> bool:
    return bool(value.strip()) and value != facts.prepared_by


def _told(value: bool | None, facts: Any, at: datetime) -> bool:
    return value is not None


def _is_registered(facts: Any) -> bool:
    return not facts.emergency


def _is_emergency(facts: Any) -> bool:
    return bool(facts.emergency)


def _is_a_persons(facts: Any) -> bool:
    return not is_by_law(facts.ordered_by)


def _by(route: Route) -> Callable[[Any], bool]:
    return lambda facts: facts.route is route


def _for(reason: OrderReason) -> Callable[[Any], bool]:
    return lambda facts: facts.reason is reason


def _officer(law: str) -> tuple[Requirement, ...]:
    return (
        Requirement("case_no", law, "the case of the document"),
        Requirement("officer.name", law, "the responsible officer"),
        Requirement("officer.rank", law, "the officer's rank"),
        Requirement("officer.police_station", law, "the officer's station"),
        Requirement("officer.phone", law, "the officer's telephone"),
    )


def _accounts(law: str) -> tuple[Requirement, ...]:
    return (
        Requirement("accounts[].account", law, "which account"),
        Requirement("accounts[].amount_paise", law, "how much, for each account"),
    )


def _fir(law: str, when: Callable[[Any], bool] = _always) -> tuple[Requirement, ...]:
    return (
        Requirement("fir.number", law, "the number of the FIR", when),
        Requirement("fir.police_station", law, "the station that registered it", when),
        Requirement("fir.copy_digest", law, "a copy of the FIR is attached", when),
    )


def _to_bank(law: str) -> tuple[Requirement, ...]:
    return (
        *_officer(law),
        Requirement("institution_name", law, "the name of the bank"),
        Requirement("sections", law, "the section of law"),
    )


def _court_order(law: str, when: Callable[[Any], bool]) -> tuple[Requirement, ...]:
    return (
        Requirement("court_order.court", law, "who made the order", when),
        Requirement("court_order.order_no", law, "its number", when),
        Requirement("court_order.made_on", law, "its date", when),
    )


_APPLICATION: Final = (
    *_officer(SOP),
    Requirement("ack_no", SOP, "the victim's complaint"),
    Requirement("victim.name", SOP, "who applies"),
    Requirement("victim.mobile", SOP, "the victim's mobile number"),
    Requirement("transfers[].amount_paise", SOP, "what was lost"),
    Requirement("transfers[].reference", SOP, "by which transfer"),
    Requirement("accounts[].institution_name", SOP, "at which bank it is on hold"),
    Requirement("accounts[].amount_paise", SOP, "how much is on hold"),
    Requirement("beneficiary.account", SOP, "the account to credit"),
    Requirement("beneficiary.institution_name", SOP, "the bank of that account"),
    Requirement("route", SOP, "the authority to which it is addressed"),
    Requirement("bond", SOP, "whether an indemnity bond is attached", test=_told),
)

_REQUIRED: Final[Mapping[DocumentKind, tuple[Requirement, ...]]] = {
    DocumentKind.LIEN_NOTICE: (
        *_to_bank(KHALSA),
        *_accounts(KHALSA),
        *_fir(KHALSA, _is_registered),
        Requirement(
            "follow_up_by", KHALSA, "an emergency lien gives the date for FIR and order", _is_emergency, _later
        ),
        Requirement("magistrate_report_by", KHALSA, "the time limit of the report to the magistrate"),
    ),
    DocumentKind.MAGISTRATE_REPORT: (
        *_officer(KHALSA),
        Requirement("magistrate", KHALSA, "the magistrate who receives the report"),
        Requirement("sections", BNSS_106, "the section of law"),
        *_accounts(KHALSA),
        Requirement("accounts[].institution_name", KHALSA, "at which bank"),
        Requirement("accounts[].held_at", KHALSA, "since when it is on hold"),
        Requirement("report_by", KHALSA, "the time limit of the report"),
        Requirement(
            "follow_up_by", KHALSA, "without an FIR, the date by which it follows", lambda facts: not facts.fir.number
        ),
    ),
    DocumentKind.FOLLOW_UP: (*_to_bank(KHALSA), *_accounts(KHALSA), *_fir(KHALSA)),
    DocumentKind.NOTICE_94: (
        *_to_bank(BNSS_94),
        Requirement("accounts[].account", BNSS_94, "whose documents"),
        Requirement("documents", BNSS_94, "which documents"),
        Requirement("produce_by", BNSS_94, "by when they are produced", test=_later),
        Requirement("place", BNSS_94, "where they are produced"),
    ),
    DocumentKind.NOTICE_106: (
        *_to_bank(BNSS_106),
        *_accounts(BNSS_106),
        *_fir(BNSS_106),
        Requirement("magistrate", BNSS_106, "the magistrate to whom the seizure is reported"),
        Requirement("grounds", BNSS_106, "why the money is suspected"),
    ),
    DocumentKind.NOTICE_107: (
        *_officer(BNSS_107),
        *_accounts(BNSS_107),
        Requirement("accounts[].institution_name", BNSS_107, "at which bank"),
        Requirement("fir.number", BNSS_107, "the FIR of the offence under investigation"),
        *_court_order(BNSS_107, _always),
        Requirement("place", BNSS_107, "where cause is shown"),
        Requirement(
            "show_cause_by",
            BNSS_107,
            "when cause is shown: fourteen days after the service, and the days that the service takes",
            test=_after_the_notice,
        ),
        Requirement("grounds", BNSS_107, "why it is believed to be proceeds of crime"),
        Requirement("approved_by.name", BNSS_107, "the Superintendent or Commissioner who approved the application"),
        Requirement("approved_by.rank", BNSS_107, "the rank of the approving officer"),
        Requirement("approved_at", BNSS_107, "when it was approved"),
    ),
    DocumentKind.RESTORATION_APPLICATION: _APPLICATION,
    DocumentKind.SIGNED_APPLICATION: (
        *_APPLICATION,
        Requirement("signature.signed_at", HOUSE, "when the victim signed"),
        Requirement("signature.application_number", HOUSE, "what the victim signed"),
        Requirement("signature.application_digest", HOUSE, "the SHA-256 of what the victim signed"),
    ),
    DocumentKind.RESTORATION_ORDER: (
        *_officer(SOP),
        Requirement("institution_name", SOP, "the name of the bank"),
        Requirement("order_ref", SOP, "the id of the order, by which the bank confirms it"),
        Requirement("route", SOP, "the legal route of the restoration"),
        *_court_order(BNSS_503, _by(Route.COURT)),
        *_court_order(LOK_ADALAT, _by(Route.LOK_ADALAT)),
        *_court_order(BNSS_107, _by(Route.MAGISTRATE_107)),
        Requirement("lines[].account", SOP, "from which account"),
        Requirement("lines[].amount_paise", SOP, "how much"),
        Requirement("lines[].ack_no", SOP, "for which complaint"),
        Requirement("lines[].beneficiary.account", SOP, "to which account"),
        Requirement("lines[].beneficiary.institution_name", SOP, "the bank of that account"),
        Requirement("prepared_by", SOP, "who prepared it"),
        Requirement("preparer.name", SOP, "who prepared it, by name"),
        Requirement("preparer.rank", SOP, "the rank of the preparing officer"),
        Requirement("approved_by", SOP, "who approved it: never the officer who prepared it", test=_is_another),
        Requirement("approver.name", SOP, "the SP or DCP who approved, by name"),
        Requirement("approver.rank", SOP, "the rank of the approving officer"),
        Requirement("credit_by", SOP, "the time limit for the credit"),
        Requirement("bond", SOP, "whether an indemnity bond is given", test=_told),
    ),
    DocumentKind.RELEASE_ORDER: (
        *_officer(SOP),
        Requirement("institution_name", SOP, "the name of the bank"),
        Requirement("order_ref", SOP, "the id of the order, by which the bank confirms it"),
        Requirement("reason", SOP, "why the hold is lifted"),
        *_court_order("the court's order", _for(OrderReason.COURT)),
        Requirement("grievance_ref", SOP, "the grievance that was decided", _for(OrderReason.GRIEVANCE)),
        Requirement("lines[].account", SOP, "on which account"),
        Requirement("lines[].amount_paise", SOP, "how much"),
        Requirement("ordered_by", SOP, "who ordered it"),
        Requirement("orderer.name", SOP, "the officer who ordered it, by name", _is_a_persons),
        Requirement("orderer.rank", SOP, "the rank of the ordering officer", _is_a_persons),
        Requirement("release_by", SOP, "the time limit for the release"),
    ),
    DocumentKind.HOLDER_NOTICE: (
        *_officer(KERALA),
        Requirement("institution_name", KERALA, "at which bank"),
        Requirement("account", KERALA, "on which account"),
        Requirement("amount_paise", KERALA, "how much is on hold"),
        Requirement("held_at", KERALA, "since when"),
        Requirement("lapses_at", SOP, "the date on which the hold lapses"),
        Requirement("appeal.reference", KERALA, "the reference for an appeal"),
        Requirement("appeal.levels", SOP, "who decides an appeal, and by when"),
    ),
    DocumentKind.STATUS_LETTER: (
        *_officer(HOUSE),
        Requirement("ack_no", HOUSE, "the victim's complaint"),
        Requirement("victim.name", HOUSE, "the addressee"),
        Requirement("lost_paise", HOUSE, "what was lost"),
        Requirement("buckets", HOUSE, "where the money is"),
    ),
}


def requirements(kind: DocumentKind) -> tuple[Requirement, ...]:
    """Return the facts that the law requires in a document of this kind."""
    return _REQUIRED[kind]


def lacking(facts: DocumentFacts, at: datetime) -> tuple[Missing, ...]:
    """Return all facts that are missing in a document issued at `at`."""
    return tuple(
        Missing(field=place, law=rule.law, why=rule.why)
        for rule in requirements(facts.kind)
        if rule.when(facts)
        for place, value in values_at(facts, rule.field)
        if not rule.test(value, facts, at)
    )


def refuse_if_lacking(facts: DocumentFacts, at: datetime) -> None:
    """Raise `DocumentIncomplete` if a fact that the law requires is missing."""
    missing = lacking(facts, at)
    if missing:
        raise DocumentIncomplete(facts.kind, missing)


def values_at(facts: Any, field: str) -> Iterator[tuple[str, Any]]:
    """Yield every value at a path with its place. An empty list is one missing value."""
    head, is_list, tail = field.partition("[].")
    value = facts
    for name in head.split("."):
        value = getattr(value, name)
    if not is_list:
        yield head, value
    elif not value:
        yield f"{head}[]", None
    else:
        for index, item in enumerate(value):
            for place, inner in values_at(item, tail):
                yield f"{head}[{index}].{place}", inner
