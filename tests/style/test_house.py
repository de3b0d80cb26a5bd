"""The house weighs no more than its budget."""

import pytest

from tests.style.house import figures, limits


@pytest.fixture(scope="module")
def found() -> dict[str, int]:
    return figures()


def test_every_figure_has_a_budget(found: dict[str, int]) -> None:
    assert found.keys() == limits().keys()
    assert [name for name, value in found.items() if not value] == ["imports_against_the_order"]


@pytest.mark.parametrize("name", limits())
def test_no_figure_is_above_its_budget(found: dict[str, int], name: str) -> None:
    limit = limits()[name]
    assert found[name] <= limit.budget, "a budget rises only with a line in docs/decisions.md"


@pytest.mark.parametrize("name", limits())
def test_a_budget_is_not_above_what_is_needed(found: dict[str, int], name: str) -> None:
    """A gain is kept: who lowers a figure lowers its budget."""
    budget = limits()[name].budget
    assert budget <= found[name] + max(1, budget // 50)
