"""One transfer, told by several: how much of a case's money it can carry.

A reference names one transfer, which one bank sent to one account.
* Money of several hops may go in one transfer (gathered funds). These are several hops with one reference, and together
they are at most the amount of the transfer.
* If another bank says that it sent the same transfer to the same account, the smallest amount that was stated counts.
* If another bank says that it sent the same transfer to another account, one of the two is wrong, and no hop opens.
* A complaint's own hop takes no place in a transfer that a bank says it sent. No bank has stated who paid that
hop. If both do not fit into the transfer, that is a discrepancy, and the bank's hop opens all the same.
* A withdrawn hop takes no place in a transfer.
* A bank that names two accounts for one reference of its own has sent two transfers.
* A short reference is a bank's own. Another bank may use it for another transfer.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from schemas.case.answers import Claim, HopPosition, NewHop
from schemas.enums import DiscrepancyKind, HopSource
from schemas.identifiers import account_key, names_an_account, reference_key

NATIONAL_CHARS_MIN: Final = 12
"""A reference of this length or more is unique over all banks: an RRN has 12 digits, a UTR 16 or 22 characters."""


@dataclass(frozen=True)
class Room:
    """How much more of the case's money a transfer can carry, and what is said if that is not enough."""

    paise: int
    carried_paise: int = 0
    whole_paise: int = 0
    kind: DiscrepancyKind = DiscrepancyKind.CLAIMED_TWICE
    told: tuple["Part", ...] = ()
    """hops of complaints that tell the transfer as a loss of their own; they take no place in it"""

    @property
    def told_paise(self) -> int:
        """Return what complaints tell of the transfer as their own."""
        return sum(part.disputed_paise for part in self.told)


@dataclass(eq=False)
class Part:
    """Hop as a part of a transfer. `sent_by` is None where no bank has stated who sent it."""

    institution: str | None
    account_key: str
    sent_by: str | None
    amount_paise: int
    disputed_paise: int
    is_complaints: bool = False
    """whether it is a complaint's own hop"""


class Transfers:
    """The hops of a case by the reference of their transfer, as one bank's answer adds to them."""

    def __init__(self, institution: str) -> None:
        """Begin without hops; `institution` is the bank that answers."""
        self._institution = institution
        self._parts: defaultdict[str, list[Part]] = defaultdict(list)

    def add(self, hop: HopPosition) -> Part:
        """Add a hop of the case; the caller keeps the figures of the part up to date."""
        part = Part(
            hop.institution,
            hop.account_key,
            hop.sent_by,
            hop.amount_paise,
            hop.disputed_paise,
            is_complaints=hop.source is HopSource.COMPLAINT,
        )
        if hop.reference_key and not hop.withdrawn:
            self._parts[hop.reference_key].append(part)
        return part

    def open(self, hop: NewHop) -> None:
        """Add a hop that the answer opens."""
        key = reference_key(hop.reference)
        if key:
            part = Part(
                hop.payee.institution,
                account_key(hop.payee.account),
                self._institution,
                hop.amount_paise,
                hop.disputed_paise,
            )
            self._parts[key].append(part)

    def room(self, claim: Claim) -> Room:
        """Return how much more of the case's money the transfer in a claim can carry."""
        parts = self._parts_of(claim)
        foreign = [part for part in parts if self._is_foreign(part)]
        if any(_goes_elsewhere(part, claim) for part in foreign):
            return Room(0, kind=DiscrepancyKind.SENT_BY_TWO)
        matching = [part for part in parts if self._is_foreign(part) or _has_same_account(part, claim)]
        same = [part for part in matching if not part.is_complaints]
        of_complaints = tuple(part for part in matching if part.is_complaints)
        amounts = [claim.amount_paise, *(part.amount_paise for part in same)]
        whole_paise = min(amounts) if foreign else max(amounts)
        carried_paise = sum(part.disputed_paise for part in same)
        kind = DiscrepancyKind.SENT_BY_TWO if foreign else DiscrepancyKind.CLAIMED_TWICE
        return Room(max(0, whole_paise - carried_paise), carried_paise, whole_paise, kind, of_complaints)

    def other_senders(self, claim: Claim) -> list[str]:
        """Return the other banks that say that they sent the transfer in a claim."""
        return sorted({part.sent_by for part in self._parts_of(claim) if part.sent_by and self._is_foreign(part)})

    def _is_foreign(self, part: Part) -> bool:
        return part.sent_by not in {None, self._institution}

    def _parts_of(self, claim: Claim) -> list[Part]:
        """Return the hops with the claim's reference that can be the same transfer."""
        key = reference_key(claim.reference)
        parts = self._parts.get(key, []) if claim.payee else []
        if len(key) >= NATIONAL_CHARS_MIN:
            return parts
        return [part for part in parts if not self._is_foreign(part)]


def _goes_elsewhere(part: Part, claim: Claim) -> bool:
    """Return whether a hop is certainly at another bank or account than the claim's payee."""
    assert claim.payee is not None, "only a transfer has parts"
    institutions = {part.institution, claim.payee.institution}
    return (None not in institutions and len(institutions) > 1) or _names_another_account(part, claim)


def _has_same_account(part: Part, claim: Claim) -> bool:
    assert claim.payee is not None, "only a transfer has parts"
    return part.institution == claim.payee.institution and not _names_another_account(part, claim)


def _names_another_account(part: Part, claim: Claim) -> bool:
    assert claim.payee is not None, "only a transfer has parts"
    keys = {part.account_key, account_key(claim.payee.account)}
    return len(keys) > 1 and all(map(names_an_account, keys))
