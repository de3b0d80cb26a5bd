"""Whether two persons tell of one transfer, and what they tell differently.

One transfer is its reference and the receiving bank. A reference with the same amount at another bank is the same
transfer too, because somebody named the wrong bank. The money is looked for once, and every difference is flagged.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from schemas.base import Flag
from schemas.enums import Differing
from schemas.identifiers import names_an_account, transfer_key

T = TypeVar("T")

FAR_APART_DAYS: Final = 90
"""Two payers tell the date of one transfer at most this many days apart. References are used again."""
_OF_DAY: Final = " of "
"""between a key and the day in it; the names of banks in keys have no small letters"""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_IST_OFFSET: Final = timedelta(hours=5, minutes=30)
_FIELDS: Final = {
    Differing.PAYER: "payer",
    Differing.ACCOUNT: "payee",
    Differing.BANK: "payee.institution",
    Differing.AMOUNT: "amount_paise",
    Differing.DATE: "transferred_at",
}
_WORDS: Final = {
    Differing.PAYER: "another payer",
    Differing.ACCOUNT: "another account",
    Differing.BANK: "another bank",
    Differing.AMOUNT: "another amount",
    Differing.DATE: "another date",
}


@dataclass(frozen=True)
class Statement:
    """A transfer as somebody tells it, in a form that can be compared."""

    reference_key: str
    bank: str
    """code of the receiving bank, or its name as told if no directory entry fits"""
    account_key: str
    payer_bank: str
    """code of the paying bank; empty if no directory entry fits"""
    payer_key: str
    amount_paise: int
    transferred_at: datetime
    told_paise: frozenset[int] = frozenset()
    """amounts that earlier complaints told of it"""
    vpa_keys: frozenset[str] = frozenset()
    """keys of the VPAs that are told beside the receiving account"""
    is_complaints: bool = True
    """whether a complaint tells it as its own loss; the payer of another one is named by its bank"""
    used_again: bool = False
    """whether another transfer long before had its reference at the same bank"""

    @property
    def amounts_paise(self) -> frozenset[int]:
        """Return every amount that was told of it."""
        return self.told_paise | {self.amount_paise}

    @property
    def key(self) -> str:
        """Return the identity of the transfer."""
        key = transfer_key(self.reference_key, self.bank)
        return f"{key}{_OF_DAY}{_day(self.transferred_at)}" if self.used_again else key


def find(stated: Statement, known: Sequence[tuple[str, Statement, T]]) -> tuple[Statement, T] | None:
    """Return the known one that is the same transfer, with its statement, or None.

    `known` has the key under which each is registered, the oldest first. The same bank counts before the same amount.
    Where no reference is known yet, everything else must agree.
    """
    known = [item for item in known if not far_apart(stated, item[1])]
    for key, statement, transfer in known:
        if key.partition(_OF_DAY)[0] == stated.key:
            return statement, transfer
    for _, statement, transfer in known:
        if statement.reference_key == stated.reference_key and stated.amount_paise in statement.amounts_paise:
            return statement, transfer
    for _, statement, transfer in known:
        if not statement.reference_key and statement.payer_key == stated.payer_key and not differing(stated, statement):
            return statement, transfer
    return None


def far_apart(stated: Statement, known: Statement) -> bool:
    """Return whether another account paid, so long before or after that the reference was used again."""
    days = abs(_day(stated.transferred_at) - _day(known.transferred_at))
    return days > FAR_APART_DAYS and _both_stated(stated.payer_key, known.payer_key) and _other_payer(stated, known)


def differing(stated: Statement, known: Statement) -> tuple[Differing, ...]:
    """Return in which fields `stated` differs from `known`.

    What one of them does not state is no difference, except the payer: who states none may not be the stated one.
    """
    return tuple(_differing(stated, known))


def _differing(stated: Statement, known: Statement) -> Iterator[Differing]:
    if _other_payer(stated, known):
        yield Differing.PAYER
    if _both_stated(stated.account_key, known.account_key) and not _same_account(stated, known):
        yield Differing.ACCOUNT
    if stated.bank.strip().upper() != known.bank.strip().upper():
        yield Differing.BANK
    if stated.amount_paise != known.amount_paise:
        yield Differing.AMOUNT
    # People tell the time of one transfer differently, so only the day counts.
    if not same_day(stated.transferred_at, known.transferred_at):
        yield Differing.DATE


def _same_account(stated: Statement, known: Statement) -> bool:
    """Return whether both name one account. A VPA alone is compared with the VPAs beside the other's account."""
    by_vpa = stated.account_key in known.vpa_keys or known.account_key in stated.vpa_keys
    return stated.account_key == known.account_key or by_vpa


def _other_payer(stated: Statement, known: Statement) -> bool:
    if not _both_stated(stated.payer_key, known.payer_key):
        is_either_stated = names_an_account(stated.payer_key) or names_an_account(known.payer_key)
        return known.is_complaints and is_either_stated
    other_bank = bool(stated.payer_bank and known.payer_bank) and stated.payer_bank != known.payer_bank
    return stated.payer_key != known.payer_key or other_bank


def same_day(moment: datetime, other: datetime) -> bool:
    """Return whether two moments are of one day in India."""
    return _day(moment) == _day(other)


def is_day_before(moment: datetime, other: datetime) -> bool:
    """Return whether a moment is of an earlier day in India than another one."""
    return _day(moment) < _day(other)


def _day(moment: datetime) -> int:
    # No conversion to Indian time, because it fails at the end of the year 9999.
    return (moment - _EPOCH + _IST_OFFSET) // timedelta(days=1)


def _both_stated(key: str, other: str) -> bool:
    return names_an_account(key) and names_an_account(other)


def flags_of(differences: Iterable[Differing], index: int, where: str) -> list[Flag]:
    """Return a flag for each difference of the complaint's transfer `index`; `where` says who tells it otherwise."""
    return [
        Flag(
            field=f"transfers[{index}].{_FIELDS[difference]}",
            code=f"other_{difference}",
            message=f"{where} with {_WORDS[difference]}",
        )
        for difference in differences
    ]
