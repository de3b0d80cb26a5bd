"""The ledger's arithmetic: buckets from entries, and what must always hold (architecture.md, "The ledger")."""

from collections.abc import Iterable, Mapping

from schemas.enums import Bucket
from schemas.tracing.answers import Entry

HELD_BUCKETS = tuple(bucket for bucket in Bucket if bucket is not Bucket.LOST)


DRAW_ORDER = (Bucket.IN_PLAY, Bucket.UNTRACED, Bucket.REFUSED)
"""Where a positive claim takes its money from: money that is untraced or refused is money nobody has placed."""


def take_from(hop_no: int, balances: Mapping[Bucket, int], amount_paise: int) -> list[Entry] | None:
    """The entries that draw `amount_paise` from what nobody has placed yet; None where that is not enough."""
    entries = []
    for bucket in DRAW_ORDER:
        part = min(amount_paise, balances.get(bucket, 0))
        if part:
            entries.append(Entry(hop_no=hop_no, bucket=bucket, amount_paise=-part))
            amount_paise -= part
    return entries if amount_paise == 0 else None


def complaint_entries(hop_no: int, amount_paise: int) -> tuple[Entry, Entry]:
    """The entries with which a disputed transfer comes into the ledger: the loss is now in play at `hop_no`."""
    return (
        Entry(hop_no=hop_no, bucket=Bucket.LOST, amount_paise=-amount_paise),
        Entry(hop_no=hop_no, bucket=Bucket.IN_PLAY, amount_paise=amount_paise),
    )


def move_between(hop_no: int, source: Bucket, target: Bucket, amount_paise: int) -> tuple[Entry, Entry]:
    """The entries that move `amount_paise` (signed) of a hop from one bucket to another."""
    return (
        Entry(hop_no=hop_no, bucket=source, amount_paise=-amount_paise),
        Entry(hop_no=hop_no, bucket=target, amount_paise=amount_paise),
    )


def bucket_sums(balances: Iterable[tuple[Bucket, int]]) -> dict[Bucket, int]:
    """Sum balances by bucket in paise; `LOST` is turned to its positive figure."""
    sums = dict.fromkeys(Bucket, 0)
    for bucket, paise in balances:
        sums[bucket] += paise
    sums[Bucket.LOST] = -sums[Bucket.LOST]
    return sums


def unaccounted_paise(sums: dict[Bucket, int]) -> int:
    """What is missing (positive) or too much (negative): zero in every healthy case."""
    return sums[Bucket.LOST] - sum(sums[bucket] for bucket in HELD_BUCKETS)
