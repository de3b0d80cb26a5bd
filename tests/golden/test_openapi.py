"""Clients of version 0.4.0 find every path, field and type in today's API, or a line in the table of renames."""

import json
from collections.abc import Sequence, Set
from functools import cache
from typing import Any

import pytest

from tests.api.openapi_world import published
from tests.golden.openapi_shape import PARAMETERS, Fact, facts, newly_required
from tests.golden.renames import FOLDER, Rename, fact_now, missing_entry, table

SHOWN_MAX = 40
LISTED = "GET /things"


@cache
def golden() -> frozenset[Fact]:
    return frozenset(facts(json.loads((FOLDER / "files" / "openapi.json").read_text(encoding="utf-8"))))


@cache
def today() -> frozenset[Fact]:
    return frozenset(facts(published()))


def lacking(before: Set[Fact], now: Set[Fact], entries: Sequence[Rename]) -> list[str]:
    """Return what today's description does not say any more, with the entry that would explain it."""
    told = []
    for fact in sorted(before):
        renamed = fact_now(fact, entries)
        if renamed is not None and renamed not in now:
            told.append(
                f"{renamed.operation} | {renamed.place} | {renamed.field}: {renamed.says}\n    {_entry(fact, now)}"
            )
    return told


def _entry(fact: Fact, now: Set[Fact]) -> str:
    if not any(one.operation == fact.operation for one in now):
        return missing_entry("path", fact.operation)
    if fact.place == "id":
        return missing_entry("operation", fact.says)
    if fact.says.startswith("value "):
        return missing_entry("value", fact.says.removeprefix("value "), fact.operation)
    return missing_entry("parameter" if fact.place in PARAMETERS else "field", fact.field, fact.operation)


def test_every_fact_of_the_description_is_there_or_in_the_table() -> None:
    told = lacking(golden(), today(), table())
    shown = "\n".join(told[:SHOWN_MAX])
    assert not told, f"{len(told)} facts are gone; tests/golden/renames.toml lacks an entry for each:\n{shown}"


def test_a_client_has_to_send_nothing_more() -> None:
    entries = table()
    before = {renamed for fact in golden() if (renamed := fact_now(fact, entries)) is not None}
    assert newly_required(before, today()) == []


def test_every_entry_of_the_table_changes_something() -> None:
    before = golden()
    entries = [one for one in table() if one.kind in {"operation", "path", "parameter", "field", "value"}]
    assert [one for one in entries if not any(fact_now(fact, [one]) != fact for fact in before)] == []


def description(**field: Any) -> dict[str, Any]:
    """Return the description of one operation, whose answer holds one field."""
    thing = {"type": "object", "properties": field, "required": list(field)}
    answer = {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/T"}}}}
    operation = {
        "operationId": "list_things",
        "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
        "responses": {"200": {"content": {"application/json": {"schema": answer}}}},
    }
    return {"paths": {"/things": {"get": operation}}, "components": {"schemas": {"T": thing}}}


KINDS = {"enum": ["a", "b"], "type": "string"}
BEFORE = description(hop={"type": "integer"}, kind=KINDS)


@pytest.mark.parametrize(
    ("changed", "entry"),
    [
        (description(hop_no={"type": "integer"}, kind=KINDS), "hop"),
        (description(hop={"type": "string"}, kind=KINDS), "hop"),
        (description(hop={"type": "integer"}, kind={"enum": ["a"], "type": "string"}), '"b"'),
    ],
)
def test_a_change_is_found_and_its_entry_named(changed: dict[str, Any], entry: str) -> None:
    told = lacking(facts(BEFORE), facts(changed), [])
    assert told
    assert all(entry in line for line in told)
    assert all(LISTED in line for line in told)


def test_a_field_that_may_be_missing_now_is_found() -> None:
    changed = description(hop={"type": "integer"}, kind=KINDS)
    changed["components"]["schemas"]["T"]["required"] = ["hop"]
    assert [line.partition("\n")[0] for line in lacking(facts(BEFORE), facts(changed), [])] == [
        "GET /things | 200 application/json | items[].kind: always"
    ]


@pytest.mark.parametrize("required", [True, False])
def test_a_parameter_that_has_to_be_sent_now_is_found(required: bool) -> None:
    changed = description(hop={"type": "integer"}, kind=KINDS)
    more = {"name": "most", "in": "query", "schema": {"type": "integer"}, "required": required}
    changed["paths"]["/things"]["get"]["parameters"].append(more)
    found = [fact.field for fact in newly_required(facts(BEFORE), facts(changed))]
    assert found == (["most"] if required else [])


@pytest.mark.parametrize(("field", "required"), [("b", ["a", "b"]), ("", ["a"])])
def test_a_field_of_a_body_that_has_to_be_sent_now_is_found(field: str, required: list[str]) -> None:
    before, changed = description(), description()
    one = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    inner = {"type": "object", "properties": {"c": {"type": "integer"}}, "required": ["c"]}
    items = {"type": "array", "items": {"type": "integer"}}
    two = {"type": "object", "properties": {"a": {"type": "integer"}, "b": inner, "d": items}, "required": required}
    for document, schema in ((before, one), (changed, two)):
        body = {"content": {"application/json": {"schema": schema}}}
        document["paths"]["/things"]["get"]["requestBody"] = body
    found = {fact.field for fact in newly_required(facts(before), facts(changed))}
    assert found == ({field} if field else set())


def test_an_addition_is_no_change() -> None:
    changed = description(hop={"type": "integer"}, kind=KINDS, more={"type": "null"})
    assert lacking(facts(BEFORE), facts(changed), []) == []


@pytest.mark.parametrize(("at", "old"), [("*", "hop"), (LISTED, "hop"), ("*", "items.hop"), (LISTED, "items[].hop")])
def test_an_entry_explains_a_rename(at: str, old: str) -> None:
    changed = description(hop_no={"type": "integer"}, kind=KINDS)
    assert lacking(facts(BEFORE), facts(changed), [Rename("field", old, "hop_no", at=at)]) == []


@pytest.mark.parametrize(("at", "old"), [("GET /others", "hop"), ("*", "others.hop"), ("*", "kind")])
def test_an_entry_about_something_else_explains_nothing(at: str, old: str) -> None:
    changed = description(hop_no={"type": "integer"}, kind=KINDS)
    assert lacking(facts(BEFORE), facts(changed), [Rename("field", old, "hop_no", at=at)]) != []


def test_an_entry_explains_a_removal_and_other_kinds() -> None:
    entries = [
        Rename("field", "hop", ""),
        Rename("value", "b", "c"),
        Rename("operation", "list_things", "read_things"),
        Rename("path", LISTED, "GET /all-things"),
        Rename("parameter", "limit", "most"),
    ]
    changed = description(kind={"enum": ["a", "c"], "type": "string"})
    operation = changed["paths"].pop("/things")
    changed["paths"]["/all-things"] = operation
    operation["get"]["operationId"] = "read_things"
    operation["get"]["parameters"][0]["name"] = "most"
    assert lacking(facts(BEFORE), facts(changed), entries) == []
