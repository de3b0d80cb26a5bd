"""Search: kinds of a text, and terms by which personal data are found."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.errors.people import SearchTextUnreadable
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
from schemas.privacy.personal_data import SearchKind
from schemas.text import is_email

TERMS_MAX: Final = 12
"""the most terms of a name that are kept; a longer text is no name"""

_VOWELS: Final = {
    "अ": "a", "आ": "aa", "इ": "i", "ई": "ii", "उ": "u", "ऊ": "uu", "ऋ": "ri", "ए": "e", "ऐ": "ai", "ऑ": "o", "ओ": "o",
    "औ": "au",
}  # fmt: skip
_SIGNS: Final = {
    "ा": "aa", "ि": "i", "ी": "ii", "ु": "u", "ू": "uu", "ृ": "ri", "े": "e", "ै": "ai", "ॉ": "o", "ो": "o", "ौ": "au",
    "ॅ": "e",
}  # fmt: skip
_CONSONANTS: Final = {
    "क": "k", "ख": "kh", "ग": "g", "घ": "gh", "ङ": "n", "च": "ch", "छ": "chh", "ज": "j", "झ": "jh", "ञ": "n", "ट": "t",
    "ठ": "th", "ड": "d", "ढ": "dh", "ण": "n", "त": "t", "थ": "th", "द": "d", "ध": "dh", "न": "n", "प": "p", "फ": "ph",
    "ब": "b", "भ": "bh", "म": "m", "य": "y", "र": "r", "ल": "l", "व": "v", "श": "sh", "ष": "sh", "स": "s", "ह": "h",
}  # fmt: skip
_BETWEEN: Final = [True, False, True, False, True]
"""vowels around an implied vowel that is not spoken"""
_NUKTA, _VIRAMA, _ANUSVARA, _CANDRABINDU, _VISARGA = "\u093c", "\u094d", "ं", "ँ", "ः"
_WITH_NUKTA: Final = {"ज": "j", "ड": "r", "ढ": "rh", "फ": "f", "क": "k", "ख": "kh", "ग": "g"}
_IMPLIED: Final = "ə"
"""the vowel that a Devanagari consonant has without a sign; some terms do not speak it"""
# Two spellings of one sound. The order counts.
_SAME_SOUND: Final = (
    ("ph", "f"), ("ksh", "x"), ("chh", "ch"), ("w", "v"), ("z", "j"), ("q", "k"), ("ck", "k"), ("ee", "i"), ("oo", "u"),
    ("ngh", "nh"), ("mh", "nh"),
)  # fmt: skip
_REPEATED: Final = re.compile(r"(.)\1+")
_SHORT_BEFORE_R: Final = re.compile(r"er(?=[^aeiouy])")
"""as in Verma and Mukherjee, which Hindi writes with the implied vowel"""


def name_terms(name: str) -> frozenset[str]:
    """Return the terms of a name, folded by case, script and usual spelling.

    "राजेश सिंह", "RAJESH SINGH" and "Rajesh  Sinh" have the same terms. Whole terms are found, not parts of them.
    """
    terms = [folded for term in _split(name) if (folded := _folded(term))]
    return frozenset(terms[:TERMS_MAX])


def contact_terms(mobile: str, email: str) -> Iterator[str]:
    """Yield the terms by which a mobile number and an e-mail address are found."""
    if mobile:
        yield f"mobile|{mobile_key(mobile)}"
    if email:
        yield f"email|{email.casefold()}"


def search_terms(name: str, mobile: str, email: str) -> frozenset[str]:
    """Return everything that a person is found by."""
    terms = {f"name|{term}" for term in name_terms(name)} | {*contact_terms(mobile, email)}
    if same := same_person(name, mobile):
        terms.add(same)
    return frozenset(terms)


def same_person(name: str, mobile: str) -> str | None:
    """Return the term that two complaints of one victim share, or None without a mobile number."""
    return f"person|{mobile}|{name.strip().lower()}" if MOBILE_PATTERN.fullmatch(mobile) else None


def _split(name: str) -> list[str]:
    # A mark of Devanagari is no letter to the pattern, so terms of that script are split at what is neither.
    text = "".join(
        character if character.isalpha() or unicodedata.category(character).startswith("M") else " "
        for character in unicodedata.normalize("NFKC", name)
    )
    return text.split()


def _folded(term: str) -> str:
    plain = unicodedata.normalize("NFD", _latin(term)).casefold()
    text = "".join(character for character in plain if not unicodedata.combining(character))
    for spelling, sound in _SAME_SOUND:
        text = text.replace(spelling, sound)
    return _SHORT_BEFORE_R.sub("ar", _REPEATED.sub(r"\1", text))


def _latin(term: str) -> str:
    """Return the term in Latin letters, as it is spoken; a term of another script stays."""
    sounds: list[str] = []
    for character in unicodedata.normalize("NFD", term):
        if character in _CONSONANTS:
            sounds += [_CONSONANTS[character], _IMPLIED]
        elif character == _NUKTA and len(sounds) > 1:
            sounds[-2] = next((new for old, new in _WITH_NUKTA.items() if _CONSONANTS[old] == sounds[-2]), sounds[-2])
        elif character in _SIGNS and sounds and sounds[-1] == _IMPLIED:
            sounds[-1] = _SIGNS[character]
        elif character == _VIRAMA and sounds and sounds[-1] == _IMPLIED:
            sounds.pop()
        elif character in _VOWELS:
            sounds.append(_VOWELS[character])
        elif character in {_ANUSVARA, _CANDRABINDU}:
            sounds.append("n")
        elif character != _VISARGA:
            sounds.append(character)
    return "".join(_spoken(sounds)).replace(_IMPLIED, "a")


def _spoken(sounds: list[str]) -> list[str]:
    """Return the sounds without the implied vowels that Hindi does not speak: the last, and between V C_C V."""
    spoken = list(sounds)
    before, consonant, last = ([""] * 3 + sounds)[-3:]
    # The last one is spoken where a half consonant and r, v or y come before it, as in Mishra.
    if before and last == _IMPLIED and (consonant not in {"r", "v", "y"} or _is_vowel(before)):
        spoken.pop()
    for place in range(len(spoken) - 3, 1, -1):
        around = spoken[place - 2 : place + 3]
        if spoken[place] == _IMPLIED and [_is_vowel(sound) for sound in around] == _BETWEEN:
            del spoken[place]
    return spoken


def _is_vowel(sound: str) -> bool:
    return sound == _IMPLIED or sound in _VOWELS.values()


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
    readings = tuple(sought for this_kind in kinds if (sought := _READERS[this_kind](text)))
    if not readings:
        raise SearchTextUnreadable(kind=kind.value if kind else "any")
    return readings


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
