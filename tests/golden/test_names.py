"""Every name that others see is that of version 0.4.0, or stands in the table of renames."""

import json

import pytest

from tests.golden.names import all_names
from tests.golden.renames import FOLDER, Rename, missing_entry, renamed, table

GOLDEN = json.loads((FOLDER / "files" / "names.json").read_text(encoding="utf-8"))
OF_THE_API = {"operation", "path", "parameter", "field", "value"}


@pytest.fixture(scope="module")
def today() -> dict[str, list[str]]:
    return all_names()


@pytest.mark.parametrize("kind", GOLDEN)
def test_every_name_is_there_or_in_the_table(kind: str, today: dict[str, list[str]]) -> None:
    entries = table()
    gone = [name for name in GOLDEN[kind] if renamed([name], kind, entries) - set(today[kind])]
    added = sorted(set(today[kind]) - set(GOLDEN[kind]))
    lacking = "\n".join(missing_entry(kind, name) for name in gone)
    assert not gone, f"tests/golden/renames.toml lacks:\n{lacking}\nnames of today that were not there: {added}"


def test_every_entry_of_the_table_is_about_a_golden_name(today: dict[str, list[str]]) -> None:
    entries = [entry for entry in table() if entry.kind not in OF_THE_API]
    assert [one for one in entries if one.kind not in GOLDEN or one.old not in GOLDEN[one.kind]] == []
    assert [one for one in entries if one.new and one.new not in today[one.kind]] == []
    assert [one for one in entries if not one.new and one.old in today[one.kind]] == []


def test_a_name_that_is_gone_is_missed() -> None:
    assert renamed(["a", "b", "c"], "metric", [Rename("metric", "a", "x"), Rename("metric", "b", "")]) == {"x", "c"}
    assert renamed(["a"], "setting", [Rename("metric", "a", "x")]) == {"a"}
