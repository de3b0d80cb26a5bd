"""The one character that JSON can carry and PostgreSQL cannot."""

from collections.abc import Iterator
from typing import Final

from fastapi import Request
from pydantic import JsonValue

from api.problems import INVALID, Refused, Violation, field_path

_ESCAPED_NUL: Final = b"\\u0000"


async def refuse_unstorable(request: Request) -> None:
    """Raise `Refused`, naming the fields, when a text in the request's JSON body holds a NUL."""
    # A raw control character is no JSON, so a NUL is always spelt like this.
    if _ESCAPED_NUL in await request.body():
        found = [
            Violation(field_path(("body", *where)), "holds a NUL character")
            for where in _with_nul(await request.json())
        ]
        if found:
            raise Refused(INVALID, violations=found)


def _with_nul(value: JsonValue, where: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str) and "\x00" in value:
        yield where
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _with_nul(item, (*where, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _with_nul(item, (*where, name))
