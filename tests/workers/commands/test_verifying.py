"""`goldenhour verify`: what it says of messages that it cannot open."""

import json

from db.pool import Pool
from tests.activities.bench import Bench
from tests.factories import make_context
from tests.workers.command_line import invoke, with_database


async def test_with_the_secret_key_a_message_that_does_not_open_is_a_violation(
    database: Pool, database_dsn: str
) -> None:
    bench = Bench(await make_context(database))
    case_no = await bench.complain()
    await bench.ask(case_no)
    has_key = with_database(database_dsn)
    assert (await invoke("verify", **has_key)).exit_code == 0
    await database.execute("UPDATE person_key SET wrapped = set_byte(wrapped, 9, get_byte(wrapped, 9) # 1)")
    broken = await invoke("verify", **has_key)
    assert (broken.exit_code, "3 could not be opened" in broken.stdout) == (1, True), broken.output
    told = await invoke("verify", "--json", "-", **has_key)
    found = json.loads(told.stdout)
    assert (told.exit_code, found["verify"], found["unopened"]) == (1, "broken", 3)
    assert sorted((one["case_no"], one["check"]) for one in found["breaks"]) == [
        (case_no, "person_key"),
        (case_no, "unopened"),
    ]
    keyless = await invoke("verify", database_url=database_dsn)
    assert (keyless.exit_code, "3 not opened, because the secret key was not given" in keyless.stdout) == (0, True)
