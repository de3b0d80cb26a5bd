"""`goldenhour bench million`: whether the hot statements stay small on a database of a million cases.

It fills the hot tables with invented cases, plays the hot path with the real code, and judges the plan of each
statement. It measures no time.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import SecretStr

from activities.banks.directory import DirectoryCache
from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from activities.secrets import SecretBox
from adapters.clock import wall_clock
from benchmarks.aims import exactly
from benchmarks.measuring import Progress, finish, machine
from benchmarks.million import loader
from benchmarks.million.hot_path import VALUED_IN_PLAY, BesideThePath, HotPath
from benchmarks.million.plans import BUFFERS_MAX, Allowed, PlanBook, faults, page_of
from benchmarks.million.rows import COLUMNS
from db import connections, query_plans
from db.migrate import migrate
from db.pool import open_pool, set_codecs
from domain.policy.model import Policy, load_policy
from workers.embedded.postgres import ADMIN, APPLICATION, OWNER, EmbeddedPostgres

CASES: Final = 1_000_000
LOADED: Final = "loaded.json"
"""file in the folder of a database that is complete: the number of its cases"""
POOL_SIZE: Final = 3
SECRET: Final = SecretStr("no credential is kept in this database")
OF_MANY_CASES: Final = "at an account of a thousand cases"
MAY_READ_MORE: Final = (
    Allowed("t.task_id, t.kind, t.state", 1_000, "a page of 50 work items, with what is needed to do them"),
    Allowed("rank_paise DESC", 12_000, "all open work items are sorted by worth, and a page of 50 is shown"),
    Allowed("FROM desk_task t LEFT JOIN task_owner", 2_000, "counts of all open work items, by kind and by owner"),
    Allowed(
        "NOT EXISTS (SELECT FROM task_value",
        32_000,
        "open work items without a value, among all open ones; a page counts each time that a row of it is looked at",
    ),
    Allowed("f.event_seq <> v.case_seq", 60_000, "the cases of all open work items, every few seconds"),
    Allowed("kind, seconds) USING (kind)", 2_000, "open work items without an owner, among all open ones"),
    Allowed("c.case_no, c.state, c.opened_at", 1_000, "a page of 50 cases, with the balances of their hops"),
    Allowed("these.case_no, upper(trim(first_victim", 1_000, "districts and marks of a page of 50 cases"),
    Allowed("p.hop_nos FROM request_plan", 400, "all that its functions and triggers read counts with it"),
    Allowed("case_tell($1", 400, "all that its triggers read counts with it"),
    Allowed("FROM answer_effects", 400, "all that its functions and triggers read counts with it"),
    Allowed("d.kind, d.answer_id, d.hop_no", 400, "the balances of the twenty cases of an account are compared"),
    Allowed("t.request_id, p.hop_nos", 400, "all that its functions and triggers read counts with it"),
    Allowed("case_no, hop_no FROM hop WHERE waiting_since", 500, "the sweep takes up to 200 hops"),
    Allowed("FROM case_news WHERE news_id IN", 10_000, "the sweep deletes up to a thousand old notifications at once"),
    Allowed(
        "t.answer_id, t.hop_no, held.held_paise",
        15_000,
        "what all cases hold of the account is compared with its balance",
        OF_MANY_CASES,
    ),
    Allowed("array_agg(DISTINCT m.kind)", 1_000, "a page of 50 cases, with the balances of their hops"),
    Allowed("array_agg(DISTINCT m.kind)", 40_000, "whether an officer reads each of the thousand", OF_MANY_CASES),
    Allowed("FROM victim v JOIN complaint c", 2_000, "up to 51 complaints, with the keys of their victims"),
    Allowed("h.account_key = $1", 5_000, "the thousand cases of the account", OF_MANY_CASES),
    Allowed("mine.paise AS held_paise", 15_000, "the same, when a hold is opened at the account of a thousand cases"),
)
"""statements that may read more pages"""


async def main(
    cases: int = CASES, folder: str = "", keep: bool = False, plans: str = "", seed: int = 7
) -> dict[str, Any]:
    """Load the cases, play the hot path, and judge the plans; return the sizes and what is wrong.

    `folder` holds the data, and is removed without `keep`; a folder that was kept is used again. `plans` is the file
    that gets all plans as text.
    """
    with Progress("million") as progress:
        async with _folder(folder, keep=keep) as home, _server(home) as server:
            policy = load_policy()
            sizes = await _loaded(server, home, cases, policy, seed, progress)
            progress.step("playing the hot path")
            book = await play(server, policy)
    if plans:
        await asyncio.to_thread(Path(plans).write_text, page_of(book.plans, cases), encoding="utf-8")
    faulty = faults(book.plans, MAY_READ_MORE)
    figures = {
        "cases": cases,
        "seed": seed,
        "statements": len(book.plans),
        "pages_most": max(plan.buffers for plan in book.plans.values()),
        "pages_limit": BUFFERS_MAX,
        "faults": faulty,
        "faulty_statements": len(faulty),
        "tables": sizes,
        "machine": machine(),
    }
    return finish("million", figures, [exactly("faulty_statements", 0)])


async def play(server: EmbeddedPostgres, policy: Policy, database: str = OWNER) -> PlanBook:
    """Play the hot path and what goes on beside it on a loaded database; return the plans of its statements."""
    book = PlanBook()
    admin = await connections.connect(server.admin_dsn, "goldenhour bench")
    try:
        await query_plans.show_plans(admin, database)
        owner = await connections.connect(server.dsn_for(database, OWNER), "goldenhour bench")
        await query_plans.let_analyze(owner, VALUED_IN_PLAY, APPLICATION)
        await owner.close()
        for player, only_single_cases in ((HotPath, True), (BesideThePath, False)):
            pool = await open_pool(
                server.dsn_for(database, APPLICATION),
                min_size=1,
                max_size=POOL_SIZE,
                only_single_cases=only_single_cases,
            )
            try:
                secret_box = SecretBox(SECRET)
                directory = DirectoryCache(pool, secret_box)
                await directory.refresh()
                ctx = Context(pool, directory, policy, person_keys=PersonKeys(secret_box))
                async with pool.acquire() as connection, book.watching(connection):
                    await player.play(ctx, connection, book)
            finally:
                await pool.close()
        await query_plans.hide_plans(admin, database)
    finally:
        await admin.close()
    return book


@asynccontextmanager
async def _folder(named: str, *, keep: bool) -> AsyncIterator[Path]:
    """Give the folder of the data, and remove it afterwards without `keep`.

    A named folder gets a folder of its own, so that nothing else in it is removed.
    """
    if keep and named:
        home = Path(named) / "million"
        await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="goldenhour-million-", dir=named or None) as temporary:
        yield Path(temporary)


@asynccontextmanager
async def _server(home: Path) -> AsyncIterator[EmbeddedPostgres]:
    """Run a server on the folder, migrated. It is not durable, because its data are invented."""
    async with EmbeddedPostgres(home / "postgres", durable=False) as server:
        await migrate(server.dsn, application=APPLICATION)
        yield server


async def _loaded(
    server: EmbeddedPostgres, home: Path, cases: int, policy: Policy, seed: int, progress: Progress
) -> dict[str, str]:
    """Load the cases, unless the folder has them from an earlier run; return the sizes of the tables."""
    connection = await connections.connect(server.dsn_for(OWNER, ADMIN), "goldenhour bench")
    try:
        await set_codecs(connection)
        mark = home / LOADED
        wanted = {"cases": cases, "seed": seed}
        if not (mark.exists() and orjson.loads(mark.read_bytes()) == wanted):
            loader.check_room(cases, home)
            mark.unlink(missing_ok=True)
            frozen = policy.case_policy(1.0).model_dump(mode="json")
            await loader.load(connection, cases, frozen, wall_clock().date(), seed, progress)
            mark.write_bytes(orjson.dumps(wanted))
        progress.step("vacuuming")
        await query_plans.vacuum(connection, list(COLUMNS))
        return await loader.sizes(connection)
    finally:
        await connection.close()
