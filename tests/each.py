"""Many values in one test, where pytest's own parametrisation makes a test of each."""

import inspect
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from _pytest._io.saferepr import saferepr

Test = TypeVar("Test", bound=Callable[..., Awaitable[None] | None])


def each(names: str | Collection[str], values: Iterable[Any]) -> Callable[[Test], Test]:
    """Run a test with each of the values, one after the other; a failure names the values that failed.

    `names` and `values` are as in `pytest.mark.parametrize`. A test of each value costs six milliseconds more and its
    fixtures. Here these are made once, so this is for values that leave nothing behind for the next one.
    """
    told = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    rows = [dict(zip(told, row if len(told) > 1 else (row,), strict=True)) for row in values]
    assert rows, "no values"

    def of(test: Test) -> Test:
        @wraps(test)
        def looped(**fixtures: Any) -> None:
            for row in rows:
                with named(row):
                    test(**row, **fixtures)

        @wraps(test)
        async def looped_async(**fixtures: Any) -> None:
            for row in rows:
                with named(row):
                    waits = test(**row, **fixtures)
                    assert waits is not None
                    await waits

        one: Any = looped_async if inspect.iscoroutinefunction(test) else looped
        known = inspect.signature(test)
        left = [parameter for name, parameter in known.parameters.items() if name not in told]
        one.__signature__ = known.replace(parameters=left)
        found: Test = one
        return found

    return of


@contextmanager
def named(row: dict[str, Any]) -> Iterator[None]:
    """Add the values to what fails in the block."""
    try:
        yield
    except BaseException as failure:
        failure.add_note(f"with {', '.join(f'{name}={saferepr(value)}' for name, value in row.items())}")
        raise
