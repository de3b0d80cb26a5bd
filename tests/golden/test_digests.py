"""Routes, errors and the schema are what `digests.json` says; a difference is named.

`GOLDEN=write pytest -n0 tests/golden/test_digests.py` writes the file again.
"""

import json
import os

from tests.golden.digests import as_text, changes, digests, schema
from tests.golden.renames import FOLDER

FILE = FOLDER / "files" / "digests.json"
TABLE = "CREATE TABLE hop (\n    hop_no integer\n);\n"
FUNCTION = "CREATE OR REPLACE FUNCTION public.f()\nAS $$\nBEGIN\n\n  CREATE TEMP TABLE t;\nEND$$;\n"


async def test_every_route_error_and_table_is_as_it_was(database_dsn: str) -> None:
    now = await digests(database_dsn)
    if os.environ.get("GOLDEN") == "write":
        FILE.write_text(as_text(now), encoding="utf-8")
    differences = "\n".join(changes(json.loads(FILE.read_text(encoding="utf-8")), now))
    assert not differences, f"{differences}\nIf this is wanted: GOLDEN=write pytest -n0 {__name__.replace('.', '/')}.py"


def test_a_change_is_named() -> None:
    before = {"routes": {"GET /a": "1", "GET /b": "1"}, "errors": {"x": "1"}}
    now = {"routes": {"GET /a": "2", "GET /c": "1"}, "errors": {"x": "1"}}
    assert changes(before, now) == ["routes: GET /a has changed", "routes: GET /b is gone", "routes: GET /c is new"]


def test_all_statements_about_a_table_count_for_it() -> None:
    more = "\nCREATE UNIQUE INDEX one ON public.hop USING btree (hop_no);\n\nCOMMENT ON COLUMN hop.hop_no IS 'x';\n"
    plain, commented = schema(f"-- head\n{TABLE}\n{FUNCTION}"), schema(f"-- head\n{TABLE}\n{FUNCTION}{more}")
    assert list(plain) == list(commented) == ["function f", "table hop"]
    assert plain["function f"] == commented["function f"]
    assert plain["table hop"] != commented["table hop"]
