"""Kinds of a search text: everything that it can name, in the form by which that is compared. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.errors.search import SearchTextUnreadable
from domain.privacy.search_terms import name_terms
from schemas.identifiers import (
    ACK_NO_PATTERN,
    IFSC_PATTERN,
    MOBILE_PATTERN,
    VPA_PATTERN,
    account_key,
    mobile_key,
    names_a_transfer,
    reference_key,
)
from schemas.privacy.search import SearchKind
from schemas.text import is_email

PERSONS: Final = frozenset({SearchKind.MOBILE, SearchKind.EMAIL, SearchKind.NAME})
"""kinds that name a victim"""

_REFERENCE: Final = re.compile(r"[A-Z0-9]{8,35}")
_ACCOUNT: Final = re.compile(r"[A-Z0-9]{6,64}")
_AT_BANK: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]{1,19})[\s/,:]+([0-9][0-9\s-]{4,40}[0-9])")
"""bank code or IFSC, and the number of the account"""


@dataclass(frozen=True, slots=True)
class Sought:
    """One thing that a search text can name."""

    kind: SearchKind
    key: str = field(repr=False)
    """the form by which it is compared; of a name and an e-mail address the text"""
    institution: str = ""
    """bank of the account, if the text names it"""


def recognise(text: str, kind: SearchKind | None = None) -> tuple[Sought, ...]:
    """Return everything that a text can name, or what it names as the given kind.

    Raises `SearchTextUnreadable` for a text that names nothing of it.
    """
    kinds = SearchKind if kind is None else (kind,)
    found = tuple(sought for one in kinds if (sought := _READERS[one](text)))
    if not found:
        raise SearchTextUnreadable(kind=kind.value if kind else "any")
    return found


def _ack_no(text: str) -> Sought | None:
    compact = reference_key(text)
    return Sought(SearchKind.ACK_NO, compact) if ACK_NO_PATTERN.fullmatch(compact) else None


def _mobile(text: str) -> Sought | None:
    key = mobile_key(text)
    return Sought(SearchKind.MOBILE, key) if MOBILE_PATTERN.fullmatch(key) else None


def _email(text: str) -> Sought | None:
    # A VPA has no full stop behind its sign.
    return Sought(SearchKind.EMAIL, text) if is_email(text) and "." in text.rpartition("@")[2] else None


def _name(text: str) -> Sought | None:
    is_name = not any(character.isdecimal() or character == "@" for character in text) and name_terms(text)
    return Sought(SearchKind.NAME, text) if is_name else None


def _reference(text: str) -> Sought | None:
    compact = reference_key(text)
    is_reference = _REFERENCE.fullmatch(compact) and names_a_transfer(compact)
    return Sought(SearchKind.REFERENCE, compact) if is_reference else None


def _account(text: str) -> Sought | None:
    if at_bank := _AT_BANK.fullmatch(text):
        bank = at_bank[1].upper()
        institution = bank[:4] if IFSC_PATTERN.fullmatch(bank) else bank
        return Sought(SearchKind.ACCOUNT, account_key(at_bank[2]), institution)
    compact = reference_key(text)
    is_account = _ACCOUNT.fullmatch(compact) and names_a_transfer(compact)
    return Sought(SearchKind.ACCOUNT, account_key(text)) if is_account else None


def _vpa(text: str) -> Sought | None:
    return Sought(SearchKind.VPA, account_key(text)) if VPA_PATTERN.fullmatch(text) else None


_READERS: Final[Mapping[SearchKind, Callable[[str], Sought | None]]] = {
    SearchKind.ACK_NO: _ack_no,
    SearchKind.MOBILE: _mobile,
    SearchKind.EMAIL: _email,
    SearchKind.NAME: _name,
    SearchKind.REFERENCE: _reference,
    SearchKind.ACCOUNT: _account,
    SearchKind.VPA: _vpa,
}
