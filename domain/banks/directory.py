"""The directory: its rows and facts, sponsors of banks, and how a bank sets liens.

Banks under a sponsor's codes: owners of accounts, and entries that conflict in one directory. A co-operative bank is
reached through a larger one. It has a range of the sponsor's IFSCs, or accounts with its own prefix under a shared
IFSC.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.errors import RuleBroken
from domain.facts import IS_SET, present, span
from schemas.banks.institutions import Institution
from schemas.banks.keys import BankKey
from schemas.banks.rosters import NodalOfficer
from schemas.base import Flag
from schemas.enums import ChannelKind
from schemas.identifiers import IFSC_PATTERN


def institution_facts(institution: Institution) -> dict[str, str]:
    """Return what the directory says of an institution."""
    values: dict[str, object] = {
        "name": institution.name,
        "kind": institution.kind,
        "answer_class": institution.answer_class,
        "desk_email": institution.desk_email,
        "sponsor": institution.sponsor,
        "ifsc_prefixes": institution.ifsc_prefixes,
        "vpa_handles": institution.vpa_handles,
        "aliases": institution.aliases,
        "account_prefixes": institution.account_prefixes,
        "channels": institution.channels,
        "calls_at_once": institution.calls_at_once,
        "calls_a_second": institution.calls_a_second,
        "signature_only_from": institution.signature_only_from,
        "answers_by_two": institution.answers_by_two or None,
    }
    officers = {
        f"nodal_officer.{place}": _officer(officer) for place, officer in enumerate(institution.nodal_officers, 1)
    }
    return present(values | officers)


def secret_facts(login_email: str | None, has_password: bool, channels: Iterable[ChannelKind]) -> dict[str, str]:
    """Return which secrets there are, and never a secret."""
    values: dict[str, object] = {"login_email": login_email, "login_password": IS_SET if has_password else None}
    return present(values | {f"credentials.{channel}": IS_SET for channel in channels})


def key_facts(keys: Iterable[BankKey], now: datetime) -> dict[str, str]:
    """Return when each key is valid, with the fingerprint that two persons compare by telephone."""
    return {f"key.{key.key_id}": f"{span(key.not_before, key.not_after, now)}; {key.fingerprint}" for key in keys}


def _officer(officer: NodalOfficer) -> str:
    """Return an officer in one line: person, contact, shifts and leave."""
    shifts = [f"{'/'.join(shift.days)} {shift.starts}-{shift.ends}" for shift in officer.shifts]
    leaves = [f"away {leave.first_day} to {leave.last_day}" for leave in officer.leaves]
    holidays = ["works on holidays"] if officer.works_on_holidays else []
    contact = (officer.name, officer.role, officer.email, officer.mobile)
    return " · ".join(part for part in (*contact, *shifts, *holidays, *leaves) if part)


_SEPARATORS = re.compile(r"[\s\-/]+")


class PrefixOverlap(RuleBroken):
    """Two institutions claim the same transfers."""


class SponsorRefused(RuleBroken):
    """The institution cannot be a sponsor."""


class SponsoredAccounts:
    """Account prefixes by which sponsors tell the accounts of the banks under them."""

    def __init__(self, institutions: Iterable[Institution]) -> None:
        self._by_sponsor: dict[str, dict[str, Institution]] = {}
        for institution in institutions:
            for prefix in institution.account_prefixes:
                if institution.sponsor:
                    self._by_sponsor.setdefault(institution.sponsor, {})[prefix] = institution

    def owner(self, sponsor: Institution, holder: str) -> Institution | None:
        """Return the bank under `sponsor` whose account this is; None for the sponsor's own account or no account.

        Leading zeros count, because a bank that pads its numbers has the zeros in its prefix.
        """
        known = self._by_sponsor.get(sponsor.code)
        if known is None or "@" in holder:
            return None
        account = _SEPARATORS.sub("", holder).upper()
        return next((known[account[:n]] for n in range(len(account), 0, -1) if account[:n] in known), None)


def check_beside(institutions: Iterable[Institution]) -> None:
    """Check that the institutions do not conflict in one directory, in any order.

    Raises `PrefixOverlap` if two claim an IFSC prefix, a VPA handle or accounts at one sponsor. Raises `SponsorRefused`
    for a sponsor that is under another sponsor.
    """
    all_of_them = sorted(institutions, key=lambda institution: institution.code)
    for what, claims in (
        (
            "IFSC prefix",
            [(prefix.upper(), institution) for institution in all_of_them for prefix in set(institution.ifsc_prefixes)],
        ),
        (
            "VPA handle",
            [(handle.lower(), institution) for institution in all_of_them for handle in set(institution.vpa_handles)],
        ),
    ):
        _refuse_shared(what, claims)
    sponsors = {institution.sponsor for institution in all_of_them if institution.sponsor}
    for institution in all_of_them:
        if institution.code in sponsors and institution.sponsor:
            raise SponsorRefused(f"{institution.code} is a sponsor, and is itself under {institution.sponsor}")
    _refuse_overlapping_accounts(all_of_them)


def _refuse_shared(what: str, claims: Iterable[tuple[str, Institution]]) -> None:
    claimants: dict[str, set[str]] = defaultdict(set)
    for claimed, institution in claims:
        claimants[claimed].add(institution.code)
    shared = [f"{claimed} ({', '.join(sorted(codes))})" for claimed, codes in claimants.items() if len(codes) > 1]
    if shared:
        raise PrefixOverlap(f"{what} given to two institutions: {'; '.join(sorted(shared)[:5])}")


def _refuse_overlapping_accounts(institutions: Iterable[Institution]) -> None:
    by_sponsor: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for institution in institutions:
        by_sponsor[institution.sponsor or ""] += [(prefix, institution.code) for prefix in institution.account_prefixes]
    for sponsor, claims in by_sponsor.items():
        # In sorted order every shorter beginning of a prefix comes before it, so a stack holds them.
        beginnings: list[tuple[str, str]] = []
        for prefix, code in sorted(claims):
            while beginnings and not prefix.startswith(beginnings[-1][0]):
                beginnings.pop()
            for shorter, other in beginnings:
                if other != code:
                    message = f"account prefix {shorter} of {other} overlaps {prefix} of {code}, both at {sponsor}"
                    raise PrefixOverlap(message)
            beginnings.append((prefix, code))


BANK_LETTERS: Final = 4
"""Letters of an IFSC that name the bank."""

_NOISE = re.compile(r"[^a-z0-9]+")
_FILLER = {"bank", "the", "ltd", "limited", "of", "co", "operative", "payments", "wallet"}


def _full_key(name: str) -> str:
    return " ".join(name.casefold().split())


def _short_key(name: str) -> str:
    words = [word for word in _NOISE.sub(" ", name.lower()).split() if word not in _FILLER]
    return " ".join(words)


def _is_named(institution: Institution, part: str) -> bool:
    return any(part in name.casefold() for name in (institution.code, institution.name, *institution.aliases))


def _has_codes(institution: Institution, ifsc: str, handle: str) -> bool:
    """Return whether an IFSC, its beginning, or the beginning of a handle is one of the institution's."""
    prefixes = (prefix.upper() for prefix in institution.ifsc_prefixes)
    handles = (own_code.lower() for own_code in institution.vpa_handles)
    return any(
        own_code.startswith(ifsc) or (IFSC_PATTERN.fullmatch(ifsc) and ifsc.startswith(own_code))
        for own_code in prefixes
    ) or (any(own_code.startswith(handle) for own_code in handles))


class Directory:
    """All institutions, found by code, IFSC prefix, account, VPA handle, name or alias. Immutable once built."""

    def __init__(self, institutions: Iterable[Institution]) -> None:
        self._by_code: dict[str, Institution] = {}
        self._by_prefix: dict[str, Institution] = {}
        self._by_handle: dict[str, Institution] = {}
        self._by_full_name: dict[str, list[Institution]] = {}
        self._by_short_name: dict[str, list[Institution]] = {}
        institutions = sorted(institutions, key=lambda institution: institution.code)
        self._accounts = SponsoredAccounts(institutions)
        for institution in institutions:
            self._by_code[institution.code] = institution
            for prefix in institution.ifsc_prefixes:
                self._by_prefix[prefix.upper()] = institution
            for handle in institution.vpa_handles:
                self._by_handle[handle.lower()] = institution
            names = (institution.name, *institution.aliases)
            for name in {_full_key(name) for name in names}:
                self._by_full_name.setdefault(name, []).append(institution)
            for name in {_short_key(name) for name in names} - {""}:
                self._by_short_name.setdefault(name, []).append(institution)

    def __iter__(self) -> Iterator[Institution]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def get(self, code: str) -> Institution | None:
        """Return the institution with exactly that code."""
        return self._by_code.get(code)

    def name_of(self, code: str) -> str:
        """Return the name of the institution with that code; the code itself if there is none."""
        institution = self._by_code.get(code)
        return institution.name if institution else code

    def resolve(self, name: str, ifsc: str | None, holder: str, field: str) -> tuple[Institution | None, list[Flag]]:
        """Return the institution for the given name, IFSC and holder, with flags for discrepancies.

        A known IFSC takes precedence over the name, because the money followed it. Then the name or code counts, then
        the handle of the VPA. Some accounts at a sponsor belong to another bank. A bank without a channel is asked
        through its sponsor. `field` is the prefix of the flags' field names. Returns (None, flags) if nothing fits.
        """
        flags: list[Flag] = []
        by_ifsc = self._by_ifsc(ifsc, f"{field}.ifsc", flags)
        by_name = self._by_code.get(name.strip().upper()) or self._named(name)
        by_handle = self._by_handle.get(holder.rpartition("@")[2].lower()) if "@" in holder else None
        institution = by_ifsc or by_name or by_handle
        institution = institution and (self._accounts.owner(institution, holder) or institution)
        if by_ifsc and by_name and institution and by_name.code not in {institution.code, institution.sponsor}:
            flags.append(
                Flag(
                    field=f"{field}.institution",
                    code="institution_contradicts_ifsc",
                    message=f"the IFSC belongs to {by_ifsc.code}, the name says {by_name.code}: the IFSC is used",
                )
            )
        if institution is None:
            flags.append(
                Flag(
                    field=f"{field}.institution",
                    code="unknown_institution",
                    message="no institution in the directory fits; the desk must name it",
                )
            )
            return None, flags
        return self._asked_for(institution, f"{field}.institution", flags), flags

    def matching(self, text: str) -> list[Institution]:
        """Return the institutions that a text describes, by code.

        The text is a part of the code, the name or an alias, an IFSC or its beginning, or a VPA or its handle.
        """
        part, ifsc, handle = text.casefold().strip(), text.strip().upper(), text.rpartition("@")[2].strip().lower()
        return [
            institution for institution in self if _is_named(institution, part) or _has_codes(institution, ifsc, handle)
        ]

    def _asked_for(self, institution: Institution, field: str, flags: list[Flag]) -> Institution:
        """Return the institution to ask about accounts at `institution`.

        A bank without a channel is asked through its sponsor, if the sponsor has one.
        """
        sponsor = self._by_code.get(institution.sponsor) if institution.sponsor else None
        if institution.channels or sponsor is None or not sponsor.channels:
            return institution
        message = f"{institution.code} has no channel of its own: its sponsor {sponsor.code} is asked instead"
        flags.append(Flag(field=field, code="asked_through_sponsor", message=message))
        return sponsor

    def _named(self, name: str) -> Institution | None:
        """Return the one institution of that name, in full or without common parts such as "bank"; None for several."""
        institutions = self._by_full_name.get(_full_key(name)) or self._by_short_name.get(_short_key(name)) or []
        return institutions[0] if len(institutions) == 1 else None

    def _by_ifsc(self, ifsc: str | None, field: str, flags: list[Flag]) -> Institution | None:
        if not ifsc:
            return None
        ifsc = ifsc.strip().upper()
        if not IFSC_PATTERN.fullmatch(ifsc):
            flags.append(Flag(field=field, code="odd_ifsc", message="not of the form AAAA0XXXXXX"))
            return None
        # The longest prefix is the most specific, because a co-operative bank has a range of its sponsor's codes.
        lengths = range(len(ifsc), BANK_LETTERS - 1, -1)
        institution = next((self._by_prefix[ifsc[:n]] for n in lengths if ifsc[:n] in self._by_prefix), None)
        if institution is None:
            flags.append(
                Flag(field=field, code="unknown_ifsc", message=f"no institution with the prefix {ifsc[:BANK_LETTERS]}")
            )
        return institution


FREE_SHARE: Final = 5
"""One hold in so many with a balance below it is no mistake of one line."""


class BalanceMeaning(StrEnum):
    """Meaning of a bank's balances, as its answers show it."""

    INCLUDE = "include"
    """They include money on hold."""
    LEAVE_OUT = "leave_out"
    """They leave out money on hold."""
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class HoldBalances:
    """Counts of a bank's holds that came with a balance."""

    holds: int = 0
    below: int = 0
    """balance below the hold"""
    equal: int = 0
    """balance equal to the hold"""


def meaning_of(counts: HoldBalances) -> BalanceMeaning:
    """Return what the counts show.

    A balance with money on hold is never below the hold, and equals it if the whole account is on hold. A free balance
    is below the hold whenever more than half of the account is on hold.
    """
    if counts.below and counts.below * FREE_SHARE >= counts.holds:
        return BalanceMeaning.LEAVE_OUT
    if counts.equal and not counts.below:
        return BalanceMeaning.INCLUDE
    return BalanceMeaning.UNCLEAR
