"""Identifiers as banks and police write them, and the keys for comparing them."""

import re

IFSC_PATTERN = re.compile(r"^[A-Z]{4}0[A-Z0-9]{6}$")
RRN_PATTERN = re.compile(r"^[0-9]{12}$")
UTR_PATTERN = re.compile(r"^[A-Z0-9]{16}$|^[A-Z0-9]{22}$")
VPA_PATTERN = re.compile(r"^[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9]{1,63}$")
MOBILE_PATTERN = re.compile(r"^[6-9][0-9]{9}$")
ACCOUNT_PATTERN = re.compile(r"^[0-9]{9,18}$")
ACK_NO_PATTERN = re.compile(r"^[0-9]{14}$")

_END_CHARS = 4
_SEPARATORS = re.compile(r"[\s\-/]+")
# The rows of a workbook are named after the officer who imports it. A bank, a script or a victim is no officer.
_OFFICER = re.compile(r"^(officer|import):")
_WITH_PREFIX = re.compile(r"(?:\+?91|0)?([6-9][0-9]{9})")


def reference_key(reference: str) -> str:
    """Return the comparison key of an RRN or UTR: no separators, upper case, zeros kept."""
    # A bar separates the parts of a `transfer_key`.
    return _SEPARATORS.sub("", reference).replace("|", "").upper()


def names_a_transfer(reference: str) -> bool:
    """Return whether a reference can name a transfer. "NA", "-" and "000000000000" mean unknown."""
    return any(character.isdecimal() and int(character) for character in reference)


def account_key(account: str) -> str:
    """Return the comparison key of an account, VPA or wallet.

    Banks pad one account with different numbers of zeros. Leading zeros are dropped here and only here.
    """
    # Most accounts are digits. A trail has tens of thousands of them.
    is_digits = account.isascii() and account.isdecimal()
    compact = account if is_digits else _SEPARATORS.sub("", account).upper()
    return compact.lstrip("0") or compact


def mobile_key(mobile: str) -> str:
    """Return the ten digits of a mobile number, however its prefix is written; another text stays as it is."""
    matched = _WITH_PREFIX.fullmatch(_SEPARATORS.sub("", mobile))
    return matched[1] if matched else mobile


def names_an_account(key: str) -> bool:
    """Return whether an `account_key` names a real account, not the placeholder of an unnamed one."""
    return bool(key) and not key.startswith("NOTSTATED")


def account_end(account: str) -> str:
    """Return the last four characters of an account or its key for recognition, or "" for an unnamed account.

    Those of a UPI address stand before its handle, which many addresses share. An address is given in small letters.
    """
    if not names_an_account(account_key(account)):
        return ""
    compact = _SEPARATORS.sub("", account)
    if not VPA_PATTERN.fullmatch(compact):
        return compact[-_END_CHARS:]
    name, _, handle = compact.lower().partition("@")
    return f"{name[-_END_CHARS:]}@{handle}"


def transfer_key(reference: str, institution: str) -> str:
    """Return the identity of a transfer across complaints: its reference and the receiving institution.

    The amount is no part of it, because people and banks tell the amount of one transfer differently.
    """
    return f"{reference_key(reference)}|{institution.strip().upper().replace('|', ' ')}"


def reference_of(key: str) -> str:
    """Return the `reference_key` in a `transfer_key`."""
    return key.rpartition("|")[0]


def person_of(actor: str) -> str:
    """Return the person behind an actor of the case log, or behind an officer's id, as PostgreSQL does."""
    return _OFFICER.sub("", actor).strip(" ").lower()


def is_importer(actor: str) -> bool:
    """Return whether an actor imports a workbook, and does not act as an officer."""
    return actor.startswith("import:")


def is_same_person(name: str | None, other: str) -> bool:
    """Return whether two names are of one person. None is the same person as no other."""
    return name is not None and person_of(name) == person_of(other)
