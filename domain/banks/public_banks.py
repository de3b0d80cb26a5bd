"""Reader of a public package of Indian banks, which makes entries of the directory.

The package is plain JSON: the name of every bank by its code, the banks with IFSCs of their own, and the ranges of
IFSCs that belong to another bank (docs/how-to/directory.md). It has no contact data. Entries that the directory
already knows are never overwritten, because the package is trusted only for names.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from domain.errors import RuleBroken
from schemas.banks.institutions import Institution, InstitutionEntry

_CODE = re.compile(r"^[A-Z]{4}$")
_RANGE = re.compile(r"^[A-Z]{4}(0[A-Z0-9]{0,6})?$")

_HOW_IT_IS_CALLED = {"wire", "push", "iso20022", "pull", "inbound", "channels"}
OVERRIDABLE: Final = frozenset(InstitutionEntry.model_fields) - _HOW_IT_IS_CALLED
"""Fields that an override may set. How a bank is reached is secret and belongs in a directory file."""


class PackageRefused(RuleBroken):
    """The package or the file of overrides cannot be read."""


@dataclass(frozen=True, slots=True)
class Package:
    """Files of the package as received; their content is untrusted."""

    names: Mapping[str, Any]
    banks: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, Any] = field(default_factory=dict)
    own_ranges: Mapping[str, Any] = field(default_factory=dict)
    """ranges that the package's makers added by hand, which take precedence over `ranges`"""
    with_branches: Collection[str] = ()
    """codes of banks that have IFSCs of their own"""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Row that was not used, and the reason."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """Entries from a package by code, its rejected rows, and the fields that overrides set."""

    entries: Sequence[InstitutionEntry]
    rejected: Sequence[Rejected]
    overridden: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Plan for loading the entries: to add, to keep as known, or to reject."""

    added: Sequence[InstitutionEntry]
    kept: Sequence[str]
    differing: Mapping[str, Sequence[str]]
    """known banks whose entry in the package differs, with the fields; they are kept as well"""
    rejected: Sequence[Rejected]


def propose(package: Package, overrides: Sequence[Mapping[str, Any]] = ()) -> Proposal:
    """Return the entries of a package with `overrides` applied. Raises `PackageRefused` for an invalid override."""
    rejected: list[Rejected] = []
    names = _names(package, rejected)
    ranges = _ranges(package, names, rejected)
    sponsors = _sponsors(package, names, ranges, rejected)
    banks: dict[str, dict[str, Any]] = {code: {"code": code, "name": name} for code, name in names.items()}
    for code, bank in banks.items():
        own = [code] if ranges.get(code, code) == code else []
        bank["ifsc_prefixes"] = [*own, *sorted(prefix for prefix, owner in ranges.items() if owner == code)]
        bank["sponsor"] = sponsors.get(code)
    overridden = _override(banks, overrides)
    entries = []
    for code, bank in sorted(banks.items()):
        try:
            entries.append(InstitutionEntry.model_validate(bank))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            reason = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
            if code in overridden:
                raise PackageRefused(f"the override of {code}: {reason}") from None
            rejected.append(Rejected(code, reason))
    return Proposal(entries, rejected, overridden)


def sort_beside(proposal: Proposal, known: Mapping[str, Institution]) -> Sorted:
    """Sort the entries of a package by what the directory knows. Known entries are never overwritten."""
    added: dict[str, InstitutionEntry] = {}
    kept: list[str] = []
    differing: dict[str, Sequence[str]] = {}
    rejected = list(proposal.rejected)
    owners = {prefix.upper(): code for code, institution in known.items() for prefix in institution.ifsc_prefixes}
    handles = {handle.lower(): code for code, institution in known.items() for handle in institution.vpa_handles}
    # Sponsors come first, because the rejection of a sponsor also rejects the banks under it.
    for entry in sorted(proposal.entries, key=lambda entry: (entry.sponsor is not None, entry.code)):
        if entry.code in known:
            other = _differences(entry, known[entry.code], proposal.overridden.get(entry.code, frozenset()))
            if other:
                differing[entry.code] = other
            else:
                kept.append(entry.code)
            continue
        reason = (
            _taken("IFSC prefix", (prefix.upper() for prefix in entry.ifsc_prefixes), owners)
            or _taken("VPA handle", (handle.lower() for handle in entry.vpa_handles), handles)
            or _no_sponsor(entry, known, added)
        )
        if reason:
            rejected.append(Rejected(entry.code, reason))
            continue
        added[entry.code] = entry
        owners.update((prefix.upper(), entry.code) for prefix in entry.ifsc_prefixes)
        handles.update((handle.lower(), entry.code) for handle in entry.vpa_handles)
    return Sorted(list(added.values()), sorted(kept), dict(sorted(differing.items())), rejected)


def _names(package: Package, rejected: list[Rejected]) -> dict[str, str]:
    names: dict[str, str] = {}
    for code, name in package.names.items():
        if not _CODE.match(code):
            rejected.append(Rejected(code[:40], "not a bank code: it has four capital letters"))
        elif not isinstance(name, str) or not name.strip():
            rejected.append(Rejected(code, "no name"))
        else:
            names[code] = name.strip()
    return names


def _ranges(package: Package, names: Mapping[str, str], rejected: list[Rejected]) -> dict[str, str]:
    """Return the owner of every IFSC range that does not belong to the bank named by its first letters."""
    ranges: dict[str, str] = {}
    for prefix, code in [*package.ranges.items(), *package.own_ranges.items()]:
        if not _RANGE.match(prefix):
            rejected.append(Rejected(prefix[:40], "neither an IFSC nor the beginning of one"))
        elif not isinstance(code, str) or code not in names:
            rejected.append(Rejected(prefix, "the package has no code for the bank of this range"))
        elif prefix[:4] != code:
            ranges[prefix] = code
    return ranges


def _sponsors(
    package: Package, names: Mapping[str, str], ranges: Mapping[str, str], rejected: list[Rejected]
) -> dict[str, str]:
    """Return the sponsor of every bank that has IFSC ranges of other banks and none of its own."""
    of_ranges: dict[str, Counter[str]] = {}
    for prefix, code in ranges.items():
        # A bank that owns the whole code is not a guest under it.
        if ranges.get(prefix[:4]) != code:
            of_ranges.setdefault(code, Counter())[prefix[:4]] += 1
    sponsors: dict[str, str] = {}
    for code, counts in sorted(of_ranges.items()):
        if code in package.with_branches:
            continue
        listed = package.banks.get(code)
        ifsc = listed.get("ifsc") if isinstance(listed, Mapping) else None
        by_most = sorted(counts, key=lambda sponsor: (-counts[sponsor], sponsor))
        sponsor = ifsc[:4] if isinstance(ifsc, str) and ifsc[:4] in counts else by_most[0]
        if sponsor in names:
            sponsors[code] = sponsor
    for code in [code for code, sponsor in sponsors.items() if sponsor in sponsors]:
        rejected.append(Rejected(f"sponsor of {code}", f"{sponsors[code]} is itself under a sponsor"))
        del sponsors[code]
    return sponsors


def _override(banks: dict[str, dict[str, Any]], overrides: Sequence[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    overridden: dict[str, frozenset[str]] = {}
    for override in overrides:
        code = override.get("code")
        if not isinstance(code, str):
            raise PackageRefused("an override has no code")
        if code in overridden:
            raise PackageRefused(f"{code} is overridden twice")
        fields = frozenset(override) - {"code"}
        if override.get("exclude") is True and fields == {"exclude"}:
            banks.pop(code, None)
        elif fields <= OVERRIDABLE:
            banks[code] = {"code": code} | banks.get(code, {}) | dict(override)
        else:
            raise PackageRefused(f"the override of {code} may not set {', '.join(sorted(fields - OVERRIDABLE))}")
        overridden[code] = fields
    return overridden


def _differences(entry: InstitutionEntry, known: Institution, overridden: frozenset[str]) -> list[str]:
    """Return the fields in which the package or its override differs from the known entry."""

    def same(name: str) -> bool:
        here, there = getattr(entry, name), getattr(known, name)
        if name == "ifsc_prefixes":
            return {prefix.upper() for prefix in here} == {prefix.upper() for prefix in there}
        return bool(here == there)

    compared = {"name", "ifsc_prefixes", "sponsor"} | overridden - {"exclude"}
    return sorted(name for name in compared if not same(name))


def _taken(what: str, wanted: Iterable[str], owners: Mapping[str, str]) -> str:
    taken = next((claimed for claimed in wanted if claimed in owners), None)
    return "" if taken is None else f"the {what} {taken} belongs to {owners[taken]}"


def _no_sponsor(
    entry: InstitutionEntry, known: Mapping[str, Institution], added: Mapping[str, InstitutionEntry]
) -> str:
    if entry.sponsor is None:
        return ""
    sponsor = known.get(entry.sponsor) or added.get(entry.sponsor)
    if sponsor is None:
        return f"its sponsor {entry.sponsor} is not in the directory"
    return f"its sponsor {sponsor.code} is itself under {sponsor.sponsor}" if sponsor.sponsor else ""
