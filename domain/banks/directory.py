"""Lookup of the institution that a complaint or a bank names, by IFSC, name, code or VPA."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from domain.banks.sponsors import SponsoredAccounts
from schemas.banks.institutions import Institution
from schemas.base import Flag
from schemas.identifiers import IFSC_PATTERN

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
    handles = (one.lower() for one in institution.vpa_handles)
    return any(one.startswith(ifsc) or (IFSC_PATTERN.fullmatch(ifsc) and ifsc.startswith(one)) for one in prefixes) or (
        any(one.startswith(handle) for one in handles)
    )


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
        found = self._by_code.get(code)
        return found.name if found else code

    def resolve(self, told: str, ifsc: str | None, holder: str, field: str) -> tuple[Institution | None, list[Flag]]:
        """Return the institution for the given name, IFSC and holder, with flags for discrepancies.

        A known IFSC takes precedence over the name, because the money followed it. Then the name or code counts, then
        the handle of the VPA. Some accounts at a sponsor belong to another bank. A bank without a channel is asked
        through its sponsor. `field` is the prefix of the flags' field names. Returns (None, flags) if nothing fits.
        """
        flags: list[Flag] = []
        by_ifsc = self._by_ifsc(ifsc, f"{field}.ifsc", flags)
        by_name = self._by_code.get(told.strip().upper()) or self._named(told)
        by_handle = self._by_handle.get(holder.rpartition("@")[2].lower()) if "@" in holder else None
        found = by_ifsc or by_name or by_handle
        found = found and (self._accounts.owner(found, holder) or found)
        if by_ifsc and by_name and found and by_name.code not in {found.code, found.sponsor}:
            flags.append(
                Flag(
                    field=f"{field}.institution",
                    code="institution_contradicts_ifsc",
                    message=f"the IFSC belongs to {by_ifsc.code}, the name says {by_name.code}: the IFSC is used",
                )
            )
        if found is None:
            flags.append(
                Flag(
                    field=f"{field}.institution",
                    code="unknown_institution",
                    message="no institution in the directory fits; the desk must name it",
                )
            )
            return None, flags
        return self._asked_for(found, f"{field}.institution", flags), flags

    def matching(self, text: str) -> list[Institution]:
        """Return the institutions that a text describes, by code.

        The text is a part of the code, the name or an alias, an IFSC or its beginning, or a VPA or its handle.
        """
        part, ifsc, handle = text.casefold().strip(), text.strip().upper(), text.rpartition("@")[2].strip().lower()
        return [one for one in self if _is_named(one, part) or _has_codes(one, ifsc, handle)]

    def _asked_for(self, found: Institution, field: str, flags: list[Flag]) -> Institution:
        """Return the institution to ask about accounts at `found`.

        A bank without a channel is asked through its sponsor, if the sponsor has one.
        """
        sponsor = self._by_code.get(found.sponsor) if found.sponsor else None
        if found.channels or sponsor is None or not sponsor.channels:
            return found
        message = f"{found.code} has no channel of its own: its sponsor {sponsor.code} is asked instead"
        flags.append(Flag(field=field, code="asked_through_sponsor", message=message))
        return sponsor

    def _named(self, told: str) -> Institution | None:
        """Return the one institution of that name, in full or without common parts such as "bank"; None for several."""
        found = self._by_full_name.get(_full_key(told)) or self._by_short_name.get(_short_key(told)) or []
        return found[0] if len(found) == 1 else None

    def _by_ifsc(self, ifsc: str | None, field: str, flags: list[Flag]) -> Institution | None:
        if not ifsc:
            return None
        ifsc = ifsc.strip().upper()
        if not IFSC_PATTERN.fullmatch(ifsc):
            flags.append(Flag(field=field, code="odd_ifsc", message="not of the form AAAA0XXXXXX"))
            return None
        # The longest prefix is the most specific, because a co-operative bank has a range of its sponsor's codes.
        lengths = range(len(ifsc), BANK_LETTERS - 1, -1)
        found = next((self._by_prefix[ifsc[:n]] for n in lengths if ifsc[:n] in self._by_prefix), None)
        if found is None:
            flags.append(
                Flag(field=field, code="unknown_ifsc", message=f"no institution with the prefix {ifsc[:BANK_LETTERS]}")
            )
        return found
