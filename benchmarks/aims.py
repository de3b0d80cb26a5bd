"""Aims of the benchmarks: what each figure must reach on a machine with two cores."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_SIGNS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {"<=": operator.le, ">=": operator.ge, "==": operator.eq}


@dataclass(frozen=True)
class Aim:
    """An aim: the limit of one figure."""

    figure: str
    """its path in the result, such as `first_request_ms.p99`"""
    sign: str
    """`<=`, `>=` or `==`"""
    limit: float | str | bool
    void: str = ""
    """why the aim does not count in this run; empty if it counts"""

    def judged(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        """Return the aim beside its figure; `met` is None if the aim is void. A missing figure misses its aim."""
        figure = figure_at(figures, self.figure)
        met = figure is not None and _SIGNS[self.sign](figure, self.limit)
        aim = {"figure": self.figure, "aim": f"{self.sign} {self.limit}", "is": figure, "met": met}
        return aim | ({"met": None, "void": self.void} if self.void else {})


def at_most(figure: str, limit: float) -> Aim:
    """Return the aim that a figure is no greater than the limit."""
    return Aim(figure, "<=", limit)


def at_least(figure: str, limit: float, void: str = "") -> Aim:
    """Return the aim that a figure is no less than the limit."""
    return Aim(figure, ">=", limit, void)


def exactly(figure: str, value: float | str | bool) -> Aim:
    """Return the aim that a figure has this value."""
    return Aim(figure, "==", value)


def figure_at(figures: Mapping[str, Any], path: str) -> Any:
    """Return the figure at a path with dots, or None if there is none."""
    figure: Any = figures
    for name in path.split("."):
        figure = figure.get(name) if isinstance(figure, Mapping) else None
    return figure


def with_aims(figures: Mapping[str, Any], aims: Sequence[Aim]) -> dict[str, Any]:
    """Return the figures with `aims`: every aim beside its figure."""
    return {**figures, "aims": [aim.judged(figures) for aim in aims]}


def missed(result: Mapping[str, Any]) -> list[str]:
    """Return the aims of a result that were missed, as text."""
    return [f"{aim['figure']} is {aim['is']}, aim {aim['aim']}" for aim in result["aims"] if aim["met"] is False]
