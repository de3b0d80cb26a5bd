"""The reference of errors, and the codes that the description of the API names."""

from typing import Final

import pytest

from api.error_reference import all_errors
from api.problems import ALWAYS_OF_AN_ERROR, Kind, kind_of
from tests.api.openapi_world import published

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
