"""A process that brings restorations home as fast as it can, several hands at once; made to be killed.

`python -m tests.activities.restoration_hammer DSN SEED`: a line on its output for everything that was committed.
"""

import asyncio
import random
import sys
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from activities import holding
from activities.directory import DirectoryCache
from activities.hands import Hands
from activities.vault import Vault
from db.pool import open_pool
from domain.errors import NotNow
from domain.policy import load_policy
from schemas.restoration_enums import Step
from schemas.restorations import RestorationVerb
from tests.activities.hammer import say
from tests.activities.way_home import DESK, IO, Home
from tests.factories import SECRET

WORKERS = 4
OPEN = "SELECT restoration_id, case_no, step FROM restoration WHERE state = 'open' ORDER BY restoration_id"


def late(hands: Hands) -> Hands:
    """So long after the holds that no trail is waited for."""
    at = hands.now() + timedelta(days=100)
    return replace(hands, clock=lambda: at)


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


async def hammer(home: Home, chance: random.Random) -> None:
    """Go on with any restoration, as long as one is open."""
    while found := await home.bench.rows(OPEN):
        restoration, case_no, step = chance.choice(found)
        try:
            done = await go_on(home, restoration, Step(step))
        except NotNow:
            continue  # another hand was quicker
        say(done, restoration)
        await holding.take_up(home.hands, case_no)


async def main(dsn: str, seed: int) -> None:
    """Hammer the database at `dsn`, which has a directory loaded and money on hold."""
    pool = await open_pool(dsn, min_size=WORKERS, max_size=WORKERS * 2)
    directory = DirectoryCache(pool, Vault(SECRET))
    await directory.refresh()
    home = Home(late(Hands(pool, directory, load_policy())))
    await asyncio.gather(*(hammer(home, random.Random(seed * WORKERS + number)) for number in range(WORKERS)))
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
