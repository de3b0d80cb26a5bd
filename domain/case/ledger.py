"""Ledger arithmetic: bucket sums from entries, and the rule that all buckets add up to what was lost or proposed."""

from collections.abc import Iterable, Mapping

from schemas.case.answers import Entry
from schemas.enums import Bucket

CONTRA_BUCKETS = (Bucket.LOST, Bucket.PROPOSED)
"""Buckets below zero. Their amounts say where money came from, and not where it is."""
HELD_BUCKETS = tuple(bucket for bucket in Bucket if bucket not in CONTRA_BUCKETS)


DRAW_ORDER = (Bucket.IN_PLAY, Bucket.UNTRACED, Bucket.REFUSED)
"""Order in which a positive claim draws money. Untraced and refused money counts as not yet placed."""


def take_from(hop_no: int, balances: Mapping[Bucket, int], amount_paise: int) -> list[Entry] | None:
    """Return the entries that draw `amount_paise` from money not yet placed; None if there is not enough."""
    entries = []
    for bucket in DRAW_ORDER:
        part = min(amount_paise, balances.get(bucket, 0))
        if part:
            entries.append(Entry(hop_no=hop_no, bucket=bucket, amount_paise=-part))
            amount_paise -= part
    return entries if amount_paise == 0 else None


def complaint_entries(hop_no: int, amount_paise: int) -> tuple[Entry, Entry]:
    """Return the opening entries of a disputed transfer: the loss is in play at `hop_no`."""
    return (
        Entry(hop_no=hop_no, bucket=Bucket.LOST, amount_paise=-amount_paise),
        Entry(hop_no=hop_no, bucket=Bucket.IN_PLAY, amount_paise=amount_paise),
    )


def found_entries(hop_no: int, amount_paise: int) -> tuple[Entry, Entry]:
    """Return the opening entries of a transfer that only the victim's bank names. The loss does not grow."""
    return (
        Entry(hop_no=hop_no, bucket=Bucket.PROPOSED, amount_paise=-amount_paise),
        Entry(hop_no=hop_no, bucket=Bucket.IN_PLAY, amount_paise=amount_paise),
    )


def move_between(hop_no: int, source: Bucket, target: Bucket, amount_paise: int) -> tuple[Entry, Entry]:
    """Return the entries that move `amount_paise` (signed) of a hop from one bucket to another."""
    return (
        Entry(hop_no=hop_no, bucket=source, amount_paise=-amount_paise),
        Entry(hop_no=hop_no, bucket=target, amount_paise=amount_paise),
    )


def bucket_sums(balances: Iterable[tuple[Bucket, int]]) -> dict[Bucket, int]:
    """Return the balances summed by bucket in paise, with `LOST` and `PROPOSED` as positive amounts."""
    sums = dict.fromkeys(Bucket, 0)
    for bucket, paise in balances:
        sums[bucket] += paise
    for bucket in CONTRA_BUCKETS:
        sums[bucket] = -sums[bucket]
    return sums


def unaccounted_paise(sums: dict[Bucket, int]) -> int:
    """Return the missing (positive) or surplus (negative) amount, which is zero in every correct case."""
    return sum(sums[bucket] for bucket in CONTRA_BUCKETS) - sum(sums[bucket] for bucket in HELD_BUCKETS)


def net(entries: Iterable[Entry]) -> Mapping[tuple[int, Bucket], int]:
    """Return the sums of entries by hop and bucket, without zero sums."""
    sums: dict[tuple[int, Bucket], int] = {}
    for entry in entries:
        key = (entry.hop_no, entry.bucket)
        sums[key] = sums.get(key, 0) + entry.amount_paise
    return {key: paise for key, paise in sums.items() if paise}
