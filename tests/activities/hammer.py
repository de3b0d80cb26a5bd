"""Processes that take complaints and answers as fast as they can, and say what they were told; made to be killed.

`python -m tests.activities.hammer DSN`: for each seed on its input a child is forked, which is named by `began PID`.
Every further line is a promise, written only after the call came back: `complaint KEY ACK_NO REFERENCE` or
`answer ACK_NO`. After the child's end comes `ended CODE`, and then the next seed is read.
"""

import asyncio
import hashlib
import os
import random
import sys

from activities.banks.directory import DirectoryCache
from activities.case.answers import take_status_update
from activities.case.intake import take_complaint
from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from activities.secrets import SecretBox
from adapters.banks.answers import StatusUpdate
from db.pool import open_pool
from domain.policy.model import load_policy
from schemas.case.intake import Complaint
from tests.factories import SECRET, complaint, moved, row, status_update, transfer

WORKERS = 4
SESSION_NAME = "hammer"
"""name of the sessions of a process that hammers"""
LINES = 3
"""in every answer"""


def a_complaint(reference: str) -> Complaint:
    """The complaint about the transfer with that reference; always the same body."""
    return complaint(transfer(1000_00, reference=reference, transferred_at="2026-11-24T10:00:00+05:30"))


def an_answer(ack_no: str, reference: str) -> tuple[StatusUpdate, bytes]:
    """The answer of HDFC to it, and the digest of its body."""
    lines = [
        row(1, reference, "400.00"),
        moved(reference, "500.00", "ICIC", "000123456789"),
        row(5, reference, "100.00"),
    ]
    return status_update(ack_no, lines), hashlib.sha256(ack_no.encode()).digest()


def say(*words: object) -> None:
    """Write one promise; whole lines only, and at once."""
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


async def work(ctx: Context, number: int, chance: random.Random) -> None:
    """Take complaints and the answers to them, for ever."""
    for turn in range(1_000_000):
        reference = f"{chance.randrange(10**11, 10**12)}"
        key = f"{number}-{turn}-{reference}"
        taken = await take_complaint(ctx, a_complaint(reference), idempotency_key=key, taken_by="officer:1")
        ack_no = taken.receipt.ack_no
        say("complaint", key, ack_no, reference)
        receipt = await take_status_update(ctx, "HDFC", *an_answer(ack_no, reference))
        assert receipt.accepted == LINES
        say("answer", ack_no)


async def hammer(dsn: str, seed: int) -> None:
    """Hammer the database at `dsn`, which has a directory loaded."""
    pool = await open_pool(dsn, min_size=WORKERS, max_size=WORKERS, only_single_cases=True, session_name=SESSION_NAME)
    directory = DirectoryCache(pool, SecretBox(SECRET))
    await directory.refresh()
    ctx = Context(pool, directory, load_policy(), person_keys=PersonKeys(SecretBox(SECRET)))
    chance = random.Random(seed)
    await asyncio.gather(*(work(ctx, number, chance) for number in range(WORKERS)))


def main(dsn: str) -> None:
    """Fork a child for each seed, one after the other: what is imported is imported once."""
    for seed in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(hammer(dsn, int(seed)))
        say("began", child)
        _, status = os.waitpid(child, 0)
        say("ended", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1])
