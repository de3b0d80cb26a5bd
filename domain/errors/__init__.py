"""Errors that a rule raises.

A business error is a class with a stable code and parameters. Its text stands in a catalogue. The base classes stand
here and say how a client is answered. The errors themselves stand in the modules, by area.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar, Final, dataclass_transform
from uuid import UUID

from domain.errors.catalogue import ENGLISH, Text

_BEFORE_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
Plain = str | int | bool | None | list["Plain"] | dict[str, "Plain"]
"""what a parameter is as JSON"""


class RuleBroken(Exception):
    """A rule of the house was broken."""


class InvalidPolicy(RuleBroken):
    """The policy file is not valid."""


@dataclass_transform(eq_default=False)
class BusinessError(RuleBroken):
    """An error that a client can act on: it reads `code` and `params`, and needs no English.

    Its code is the name of its class in small letters, if it names no other. The code and the parameters, its fields,
    are part of the API and never change. A class directly below this one is a base: it has no code.
    """

    code: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if BusinessError not in cls.__bases__ and "code" not in vars(cls):
            cls.code = _BEFORE_CAPITAL.sub("_", cls.__name__).lower()
        dataclass(eq=False, repr=False)(cls)

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        """Return the names of the parameters."""
        return tuple(field.name for field in fields(cls))  # type: ignore[arg-type]  # a subclass is a dataclass

    @property
    def params(self) -> dict[str, Plain]:
        """Return the parameters as JSON values."""
        return {name: plain(getattr(self, name)) for name in self.parameters()}

    @property
    def fact(self) -> str:
        """Return the fact that the error states, in English."""
        return self._text.says.format_map(self._shown())

    def __str__(self) -> str:
        return f"{self.fact} {self._text.do.format_map(self._shown())}"

    @property
    def _text(self) -> Text:
        return ENGLISH[self.code]

    def _shown(self) -> Mapping[str, str]:
        return {name: _shown(getattr(self, name)) for name in self.parameters()}


class NotFound(BusinessError):
    """There is no such thing."""


class NotNow(BusinessError):
    """The thing is in a state in which this cannot be done."""


class LimitExceeded(BusinessError):
    """A limit of the house would be exceeded."""


class IdempotencyConflict(BusinessError):
    """The same key was used before with another body."""


class AckNoConflict(BusinessError):
    """An acknowledgement number is registered with another complaint."""


class MayNot(BusinessError):
    """This officer may not do this."""


class SameEyes(BusinessError):
    """Another officer must do this."""


class RoleNotAllowed(MayNot):
    """This role may not do this."""

    role: str
    allowed: tuple[str, ...]


class Unreadable(BusinessError):
    """A value of the request does not say what it has to say."""


class BadCursor(Unreadable):
    """This is not a cursor of this list."""


@dataclass(frozen=True)
class RefusedPart:
    """A part of a request that is refused, as a parameter of the error that refuses the whole."""

    field: str
    ack_no: str
    error: BusinessError

    def __str__(self) -> str:
        return f"{self.field} of {self.ack_no}: {self.error}"


def plain(value: Any) -> Plain:
    """A parameter as JSON has it; a time is in UTC."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return str(value)
        case tuple() | list():
            return [plain(item) for item in value]
        case dict():
            return {str(name): plain(item) for name, item in value.items()}
        case RefusedPart():
            error = value.error
            return {"field": value.field, "ack_no": value.ack_no, "code": error.code, "params": dict(error.params)}
        case datetime() | date() | UUID():
            return _shown(value)
    raise TypeError(f"{type(value).__name__} is no parameter of an error")


_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


def _shown(value: Any) -> str:
    match value:
        case datetime():
            return value.strftime(_TIME)
        case tuple() | list():
            return ", ".join(map(_shown, value))
    return str(value)
