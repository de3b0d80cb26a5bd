"""The reference of errors, and the codes that the description of the API names."""

from typing import Any

import pytest

from api.error_reference import all_errors
from api.problems import ALWAYS_OF_AN_ERROR, kind_of
from tests.api.openapi_world import published


def operations() -> list[Any]:
    return [
        pytest.param(operation, id=operation["operationId"])
        for path in published()["paths"].values()
        for operation in path.values()
    ]


@pytest.mark.parametrize("operation", operations())
def test_a_refused_operation_names_its_codes(operation: dict[str, Any]) -> None:
    """A kind of problem that only business errors are is declared with at least one of them."""
    of_kind = {error.code: kind_of(error).name for error in all_errors()}
    for response in operation["responses"].values():
        found = response.get("content", {}).get("application/problem+json")
        if found is None:
            continue
        (_, one_of_them) = found["schema"]["allOf"]
        codes = one_of_them["properties"]["code"]["enum"]
        declared = {name.rpartition(":")[2] for name in one_of_them["properties"]["type"]["enum"]}
        for kind in ALWAYS_OF_AN_ERROR:
            assert kind.name not in declared or kind.name in {of_kind.get(code) for code in codes}, kind
