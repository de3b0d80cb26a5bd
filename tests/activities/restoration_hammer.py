"""A process that restores money; each of its children is killed when it is about to commit.

`python -m tests.activities.restoration_hammer DSN`: a line on its output before and after everything that is done, and
one for every child that has ended. A child does one action after the other, of each restoration in turn. It is killed
at its first commit, with nothing done, or at its second or third: each thing is killed once before it is committed.
"""

import asyncio
import itertools
import multiprocessing
import os
import signal
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg.transaction import Transaction

from activities.banks.directory import DirectoryCache
from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from activities.recovery import hold_lifecycle
from activities.secrets import SecretBox
from db.pool import open_pool
from domain.policy.model import load_policy
from schemas.restoration_enums import RestorationVerb, Step
from tests.activities.hammer import say
from tests.activities.restoration_bench import DESK, IO, Home
from tests.clock import at_clock
from tests.factories import SECRET

DIES_AT = (1, 2, 1, 3)
"""at which commit, child by child: after each action, the work that follows from it is done"""
KILLED = -signal.SIGKILL
LEAST_ADVANCED = (
    "SELECT restoration_id, case_no, step FROM restoration r WHERE state = 'open' ORDER BY"
    " (SELECT count(*) FROM restoration_step s WHERE s.restoration_id = r.restoration_id), restoration_id LIMIT 1"
)


def late(ctx: Context) -> Context:
    """So long after the holds that no trail is waited for."""
    at = ctx.now() + timedelta(days=100)
    return at_clock(ctx, lambda: at)


async def go_on(home: Home, restoration: UUID, step: Step) -> str:
    """Do the next thing about a restoration, whatever it is; what that was."""
    done = await home.tick(restoration)
    if done:
        return done[0]
    match step:
        case Step.APPLICATION:
            await home.apply(restoration)
        case Step.VERIFICATION:
            await home.verify(restoration)
        case Step.HOLDER_NOTICE:
            await home.waive(restoration)
        case Step.APPROVAL:
            await _approve(home, restoration)
        case Step.CREDIT:
            await home.confirm(restoration)
        case Step.BOND:
            await home.do(restoration, RestorationVerb.RECEIVE_BOND, DESK)
        case _:
            return "waited"
    return step.value


async def _approve(home: Home, restoration: UUID) -> None:
    prepared = await home.bench.value("SELECT prepared_by FROM restoration WHERE restoration_id = $1", restoration)
    if prepared is None:
        await home.prepare(restoration, IO)
    else:
        await home.approve(restoration)


async def hammer(home: Home) -> None:
    """Go on with one restoration after the other, as long as one is open."""
    while found := await home.bench.rows(LEAST_ADVANCED):
        ((restoration, case_no, step),) = found
        say("at", step)
        say("did", await go_on(home, restoration, Step(step)))
        await hold_lifecycle.open_for_new_holds(home.ctx, case_no)


def die_at(number: int) -> None:
    """Have this process killed when it is about to commit for this time: what it has written is lost."""
    leave, commits = Transaction.__aexit__, itertools.count(1)

    async def leaving(work: Any, kind: object, error: object, trace: object) -> None:
        commits_now = kind is None and not work._nested and not work._readonly
        if commits_now and next(commits) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        await leave(work, kind, error, trace)

    Transaction.__aexit__ = leaving  # type: ignore[method-assign, assignment]


def restore(dsn: str, number: int) -> None:
    """Run one child, which lives until its commit, or until all money is restored."""
    die_at(DIES_AT[number % len(DIES_AT)])
    asyncio.run(_restore(dsn))


async def _restore(dsn: str) -> None:
    pool = await open_pool(dsn, min_size=1, max_size=2)
    directory = DirectoryCache(pool, SecretBox(SECRET))
    await directory.refresh()
    await hammer(Home(late(Context(pool, directory, load_policy(), person_keys=PersonKeys(SecretBox(SECRET))))))
    await pool.close()


def main(dsn: str) -> None:
    """Restore the money on hold in the database at `dsn`, which has a directory loaded, with child after child."""
    # All processes share what is loaded once.
    ctx = multiprocessing.get_context("fork")
    for number in itertools.count():
        child = ctx.Process(target=restore, args=(dsn, number))
        child.start()
        child.join()
        say("ended", child.exitcode)
        if child.exitcode != KILLED:
            break


if __name__ == "__main__":
    main(sys.argv[1])
