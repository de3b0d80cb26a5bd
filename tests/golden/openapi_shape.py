"""Return what a client relies on in a description of the API: one line a fact, no prose."""

from collections.abc import Iterator, Set
from typing import Any, Final, NamedTuple

Json = dict[str, Any]
PARAMETERS: Final = frozenset({"path", "query", "header", "cookie"})


class Fact(NamedTuple):
    """One promise of one operation."""

    operation: str
    """method and path"""
    place: str
    """`id`, `path`, `query`, `header`, `body` or the status, then the content type"""
    field: str
    """where in it, as `items[].hop_no`; empty for the whole"""
    says: str
    """a type, one value of an enumeration, `optional` of what is sent to us, or `always` of what we send"""

    @property
    def is_sent_to_us(self) -> bool:
        """Whether a client sends it."""
        return self.place in PARAMETERS or self.place.startswith("body ")


def facts(document: Json) -> set[Fact]:
    """Return every fact of the description."""
    found = {
        Fact(f"{method.upper()} {path}", place, field, says)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for place, field, says in _operation(document, operation)
    }
    return {fact for fact in found if fact.says != ("always" if fact.is_sent_to_us else "optional")}


def newly_required(before: Set[Fact], now: Set[Fact]) -> list[Fact]:
    """Return what a client of before does not send, and must send now."""
    known = {fact[:3] for fact in before}
    operations = {fact.operation for fact in before}
    harmless = known | {fact[:3] for fact in now if fact.says == "optional"}
    return sorted(
        fact
        for fact in now
        if fact.is_sent_to_us and fact.operation in operations and fact[:3] not in harmless
        if (
            # An item of a list that may be left out need not be sent either.
            (*fact[:2], fact.field.removesuffix("[]")) not in harmless
            if fact.place in PARAMETERS
            else (*fact[:2], _around(fact.field)) in known
        )
    )


def _around(field: str) -> str:
    """Return the field that contains this one: the list of an item, or the object of a field."""
    return field.removesuffix("[]") if field.endswith("[]") else field.rpartition(".")[0]


def _operation(document: Json, operation: Json) -> Iterator[tuple[str, str, str]]:
    yield "id", "", operation["operationId"]
    for scheme in operation.get("security", ()):
        yield "security", "", "+".join(sorted(scheme))
    for parameter in [_followed(document, said) for said in operation.get("parameters", ())]:
        for field, says in _shape(document, parameter["schema"], parameter["name"], ()):
            yield parameter["in"], field, says
        if not parameter.get("required"):
            yield parameter["in"], parameter["name"], "optional"
    for content_type, content in operation.get("requestBody", {}).get("content", {}).items():
        for field, says in _shape(document, content.get("schema", {}), "", ()):
            yield f"body {content_type}", field, says
    for status, response in operation["responses"].items():
        yield status, "", "given"
        for content_type, content in _followed(document, response).get("content", {}).items():
            for field, says in _shape(document, content.get("schema", {}), "", ()):
                yield f"{status} {content_type}", field, says


def _followed(document: Json, said: Json) -> Json:
    while "$ref" in said:
        found: Any = document
        for part in said["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        said = found
    return said


def _shape(document: Json, schema: Json, field: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        if schema["$ref"] in above:
            yield field, "recursive"
            return
        above = (*above, schema["$ref"])
        schema = _followed(document, schema)
    for union in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(union, ()):
            yield from _shape(document, part, field, above)
    yield from _own(document, schema, field, above)


def _own(document: Json, schema: Json, field: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        yield field, "/".join(filter(None, (kind, schema.get("format"))))
    for value in schema.get("enum", [schema["const"]] if "const" in schema else []):
        yield field, f"value {value}"
    for name, inner in schema.get("properties", {}).items():
        inside = f"{field}.{name}".lstrip(".")
        yield from _shape(document, inner, inside, above)
        yield inside, "always" if name in schema.get("required", ()) else "optional"
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(key), dict):
            yield from _shape(document, schema[key], f"{field}{mark}", above)
