"""Banks under a sponsor's codes: owners of accounts, and entries that conflict in one directory.

A co-operative bank is reached through a larger one. It has a range of the sponsor's IFSCs, or accounts with its own
prefix under a shared IFSC.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from domain.errors import RuleBroken
from schemas.banks.institutions import Institution

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
        ("IFSC prefix", [(prefix.upper(), one) for one in all_of_them for prefix in set(one.ifsc_prefixes)]),
        ("VPA handle", [(handle.lower(), one) for one in all_of_them for handle in set(one.vpa_handles)]),
    ):
        _refuse_shared(what, claims)
    sponsors = {one.sponsor for one in all_of_them if one.sponsor}
    for one in all_of_them:
        if one.code in sponsors and one.sponsor:
            raise SponsorRefused(f"{one.code} is a sponsor, and is itself under {one.sponsor}")
    _refuse_overlapping_accounts(all_of_them)


def _refuse_shared(what: str, claims: Iterable[tuple[str, Institution]]) -> None:
    claimants: dict[str, set[str]] = defaultdict(set)
    for claimed, one in claims:
        claimants[claimed].add(one.code)
    shared = [f"{claimed} ({', '.join(sorted(codes))})" for claimed, codes in claimants.items() if len(codes) > 1]
    if shared:
        raise PrefixOverlap(f"{what} given to two institutions: {'; '.join(sorted(shared)[:5])}")


def _refuse_overlapping_accounts(institutions: Iterable[Institution]) -> None:
    by_sponsor: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in institutions:
        by_sponsor[one.sponsor or ""] += [(prefix, one.code) for prefix in one.account_prefixes]
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
