"""The reference of errors, and the codes that the description of the API names."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from api.officers.sessions import SESSION_SCHEME
from api.problems import ALWAYS_OF_AN_ERROR, Kind, kind_of
from api.route_errors import all_errors
from tests.api.openapi_world import published

SENTENCES: Final = Path(__file__).parents[2] / "console/text/en/problems.json"
KINDS: Final = sorted(ALWAYS_OF_AN_ERROR, key=lambda kind: kind.name)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_a_refused_operation_names_its_codes(kind: Kind) -> None:
    """A kind of problem that only business errors are is declared with at least one of them."""
    of_kind = {error.code for error in all_errors() if kind_of(error) == kind}
    assert of_kind
    declared_with = [
        (operation["operationId"], set(properties["code"]["enum"]))
        for path in published()["paths"].values()
        for operation in path.values()
        for response in operation["responses"].values()
        if (found := response.get("content", {}).get("application/problem+json")) is not None
        for properties in [found["schema"]["allOf"][1]["properties"]]
        if kind.name in {name.rpartition(":")[2] for name in properties["type"]["enum"]}
    ]
    assert declared_with
    assert [name for name, codes in declared_with if not codes & of_kind] == []


def test_the_console_has_a_sentence_for_each_refusal_of_an_officer() -> None:
    """Its Hindi has the same keys and places for values: `text.test.ts` compares the two."""
    document = published()
    named = {
        code
        for path in document["paths"].values()
        for operation in path.values()
        if any(SESSION_SCHEME in one for one in operation.get("security", ()))
        for response in operation["responses"].values()
        for code in codes_of(document, response)
    }
    sentences = {code: text for code, text in json.loads(SENTENCES.read_text()).items() if "." not in code}
    assert sorted(named - sentences.keys()) == []
    parameters = {error.code: set(error.parameters()) for error in all_errors()}
    assert {
        code: unknown
        for code, text in sentences.items()
        if (unknown := set(re.findall(r"{(\w+)}", text)) - parameters.get(code, set()))
    } == {}


def codes_of(document: Any, response: Any) -> list[str]:
    name = response.get("$ref", "").rpartition("/")[2]
    content = (document["components"]["responses"][name] if name else response).get("content", {})
    found = content.get("application/problem+json")
    return [] if found is None else found["schema"]["allOf"][1]["properties"]["code"]["enum"]
