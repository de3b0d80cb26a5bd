"""Identifiers as the field writes them, and the keys they are compared by."""

import re

IFSC_PATTERN = re.compile(r"^[A-Z]{4}0[A-Z0-9]{6}$")
RRN_PATTERN = re.compile(r"^[0-9]{12}$")
UTR_PATTERN = re.compile(r"^[A-Z0-9]{16}$|^[A-Z0-9]{22}$")
VPA_PATTERN = re.compile(r"^[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9]{1,63}$")
MOBILE_PATTERN = re.compile(r"^[6-9][0-9]{9}$")
ACCOUNT_PATTERN = re.compile(r"^[0-9]{9,18}$")
ACK_NO_PATTERN = re.compile(r"^[0-9]{14}$")

_SEPARATORS = re.compile(r"[\s\-/]+")


def reference_key(reference: str) -> str:
    """The form in which an RRN or UTR is compared: separators dropped, upper case. Zeros stay."""
    return _SEPARATORS.sub("", reference).upper()


def names_a_transfer(reference: str) -> bool:
    """Whether a reference can be anybody's: "NA", "-" and "000000000000" stand for not knowing it."""
    return any(character.isdecimal() and int(character) for character in reference)


def account_key(account: str) -> str:
    """The form in which an account, VPA or wallet is compared.

    Banks zero-pad one account in two ways, so leading zeros are dropped here and only here.
    """
    compact = _SEPARATORS.sub("", account).upper()
    return compact.lstrip("0") or compact


def names_an_account(key: str) -> bool:
    """Whether an `account_key` is an account's: a hop of which no bank has named the account has one of its own."""
    return bool(key) and not key.startswith("NOTSTATED")


def account_end(key: str) -> str:
    """The last four characters of an account by its `account_key`: enough to know it again; "" where it has no name."""
    return key[-4:] if names_an_account(key) else ""


def transfer_key(reference: str, amount_paise: int, institution: str) -> str:
    """One transfer's identity across complaints: reference, amount and receiving institution."""
    return f"{reference_key(reference)}|{amount_paise}|{institution.strip().upper()}"
