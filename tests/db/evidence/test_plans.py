"""The evidence of a case is read by indexes, however many rows other cases have."""

import re

from db.evidence import pack, pack_bodies
from db.pool import Pool

OPENED = re.compile(r"\$2::(bigint|uuid)\[\]")
"""the type of the keys of rows with opened personal data"""
DATA = re.compile(r"\$3::(jsonb|text)\[\]")
"""the type of the opened data"""
KEYS = {"bigint": "1", "uuid": "00000000-0000-0000-0000-000000000001"}
SCAN = re.compile(r"(?:Index|Index Only|Bitmap Index) Scan")


async def test_every_file_is_read_from_its_case(database: Pool) -> None:
    statements = [
        *pack.FILES.values(),
        *pack.TEXTS.values(),
        pack._EVENTS,
        pack_bodies._SIGNED_OF_CASE,
        pack_bodies._BODIES_OF_CASE,
        pack_bodies._BOUND,
        pack_bodies._SENT_OF_CASE,
        pack_bodies._FORMS,
        # These are of several cases.
        *(one.replace("ANY($1)", "ANY(ARRAY[$1])") for one in (pack_bodies.OF_PACK, pack_bodies.BOUND)),
    ]
    async with database.acquire() as connection, connection.transaction():
        # What remains of sequential scans then is what no index can serve.
        await connection.execute("SET LOCAL enable_seqscan = off")
        for number, statement in enumerate(statements):
            keys, data = OPENED.search(statement), DATA.search(statement)
            types, more = "", ""
            if keys and data:
                types, more = f", {keys[1]}[], {data[1]}[]", f", '{{{KEYS[keys[1]]}}}', '{{null}}'"
            await connection.execute(f"PREPARE read_{number} (text{types}) AS {statement}")
            asked = f"EXPLAIN EXECUTE read_{number} ('32411265000000'{more})"
            plan = [line for (line,) in await connection.fetch(asked)]
            assert not [line for line in plan if "Seq Scan" in line], plan
            scans = [place for place, line in enumerate(plan) if SCAN.search(line)]
            assert all("Index Cond" in plan[place + 1] for place in scans), plan
