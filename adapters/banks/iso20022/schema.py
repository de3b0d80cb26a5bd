"""Rules of the ISO 20022 schemas, and the check that every message of ours passes before it is sent.

The rules come from the dataclasses of pyiso20022, generated from the schemas. Each field carries the name, order,
cardinality and facets of an element. The classes serve only as tables; they parse and write nothing. A type whose name
ends in "Choice" holds exactly one of its elements. That is ISO 20022's naming rule, because the fields do not show it.
"""

import importlib
import re
import sys
import typing
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import ModuleType
from typing import Any, Final

from adapters.banks.iso20022.document import HEADER, HEADER_ROOT, Element, InvalidMessage, Message

_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
_BOOLEANS: Final = frozenset({"true", "false", "1", "0"})


@dataclass(frozen=True, slots=True)
class TextRule:
    """Rule for a text: its kind (`str`, `Decimal`, `bool`, `XmlDate`, `XmlDateTime`) and facets."""

    kind: str
    facets: dict[str, Any]
    allowed: frozenset[str] | None = None
    """values of an enumeration"""


@dataclass(frozen=True, slots=True)
class Slot:
    """Rule for one element or attribute of a type: how often it may occur, and its type."""

    name: str
    least: int
    most: int | None
    """None: any number"""
    text: TextRule | None
    type_: type | None
    """type of an element with elements or attributes of its own"""


@dataclass(frozen=True, slots=True)
class TypeRule:
    """Rule for the content of a type. `anything`: elements of any namespace, unchecked."""

    elements: tuple[Slot, ...]
    attributes: tuple[Slot, ...]
    text: TextRule | None
    one_of: bool
    anything: bool


def check(message: Message, inside: Element) -> None:
    """Raise InvalidMessage, naming the place, unless the schema of `message` allows `inside` as root element."""
    document = _rule(_generated(message.value).Document)
    _check_children(Element("Document", children=[inside]), document, "Document")


def check_header(header: Element) -> None:
    """Raise InvalidMessage, naming the place, unless the schema of the header allows it."""
    _check_children(header, _rule(_generated(HEADER).AppHdr), HEADER_ROOT)


def _check_element(element: Element, slot: Slot, where: str) -> None:
    if slot.type_ is None:
        if element.children or element.attributes:
            raise InvalidMessage(where, "holds text and nothing else")
        _check_text(element.text, slot.text, where)
        return
    rule = _rule(slot.type_)
    if rule.anything:
        return
    _check_attributes(element, rule, where)
    if rule.text is not None:
        if element.children:
            raise InvalidMessage(where, "holds no elements")
        _check_text(element.text, rule.text, where)
        return
    if element.text.strip():
        raise InvalidMessage(where, "holds elements, not text")
    _check_children(element, rule, where)


def _check_children(element: Element, rule: TypeRule, where: str) -> None:
    """Check that the children fill the slots in their order."""
    place, filled = 0, [0] * len(rule.elements)
    names = [slot.name for slot in rule.elements]
    for child in element.children:
        inner = f"{where}/{child.name}"
        if child.name not in names:
            raise InvalidMessage(inner, "is not in the schema here")
        slot_no = names.index(child.name)
        if slot_no < place:
            raise InvalidMessage(inner, "is in the wrong order")
        place = slot_no
        filled[slot_no] += 1
        _check_element(child, rule.elements[slot_no], inner)
    for slot, count in zip(rule.elements, filled, strict=True):
        if count < slot.least:
            raise InvalidMessage(f"{where}/{slot.name}", "is missing")
        if slot.most is not None and count > slot.most:
            raise InvalidMessage(f"{where}/{slot.name}", f"stands more than {slot.most} times")
    if rule.one_of and sum(1 for count in filled if count) != 1:
        raise InvalidMessage(where, "holds exactly one of its elements")


def _check_attributes(element: Element, rule: TypeRule, where: str) -> None:
    known = {slot.name: slot for slot in rule.attributes}
    for name, value in element.attributes.items():
        if name not in known:
            raise InvalidMessage(f"{where}/@{name}", "is not in the schema here")
        _check_text(value, known[name].text, f"{where}/@{name}")
    for name, slot in known.items():
        if slot.least and name not in element.attributes:
            raise InvalidMessage(f"{where}/@{name}", "is missing")


def _check_text(text: str, rule: TextRule | None, where: str) -> None:
    assert rule is not None, "a slot without a type has a text"
    reason = _wrong_with(text, rule)
    if reason:
        raise InvalidMessage(where, reason)


def _wrong_with(text: str, rule: TextRule) -> str:
    if rule.allowed is not None:
        return "" if text in rule.allowed else "is not a code of the schema"
    if rule.kind == "Decimal":
        return _wrong_with_decimal(text, rule.facets)
    if rule.kind == "bool":
        return "" if text in _BOOLEANS else "is not true or false"
    if rule.kind == "XmlDate":
        return "" if _is_moment(text, _DATE, date) else "is not a date"
    if rule.kind == "XmlDateTime":
        return "" if _is_moment(text, _DATE_TIME, datetime) else "is not a date and time"
    return _wrong_with_characters(text, rule.facets)


def _wrong_with_characters(text: str, facets: dict[str, Any]) -> str:
    if len(text) < facets.get("min_length", 0):
        return f"is shorter than {facets['min_length']} characters"
    if len(text) > facets.get("max_length", len(text)):
        return f"is longer than {facets['max_length']} characters"
    if "pattern" in facets and not re.fullmatch(facets["pattern"], text):
        return "does not match the schema's pattern"
    return ""


def _wrong_with_decimal(text: str, facets: dict[str, Any]) -> str:
    if not _DECIMAL.fullmatch(text):
        return "is not a decimal number"
    whole, _, fraction = text.lstrip("+-").partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    if len(fraction) > facets.get("fraction_digits", len(fraction)):
        return f"has more than {facets['fraction_digits']} decimals"
    if len(whole) + len(fraction) > facets.get("total_digits", len(whole) + len(fraction)):
        return f"has more than {facets['total_digits']} digits"
    if "min_inclusive" in facets and Decimal(text) < facets["min_inclusive"]:
        return f"is below {facets['min_inclusive']}"
    return ""


def _is_moment(text: str, shape: re.Pattern[str], kind: type[date]) -> bool:
    match = shape.fullmatch(text)
    if match is None:
        return False
    try:
        kind.fromisoformat(match[1])
    except ValueError:
        return False
    return True


# -- the tables, from the generated classes ------------------------------------------------------------------------


@cache
def _generated(message_name: str) -> ModuleType:
    """Return pyiso20022's module of a message, loaded at first use because it has thousands of lines."""
    name = message_name.replace(".", "_")
    return importlib.import_module(f"pyiso20022.{message_name[:4]}.{name}.{name}")


@cache
def _rule(type_: type) -> TypeRule:
    hints = typing.get_type_hints(type_, vars(sys.modules[type_.__module__]))
    elements: list[Slot] = []
    attributes: list[Slot] = []
    text, anything = None, False
    for model_field in fields(type_):
        metadata = dict(model_field.metadata)
        kind = metadata.get("type")
        if kind == "Wildcard":
            anything = True
        elif kind is None and "name" not in metadata:
            text = _text_rule(hints[model_field.name], metadata)
        else:
            slots = attributes if kind == "Attribute" else elements
            slots.append(_slot(hints[model_field.name], metadata))
    one_of = type_.__name__.endswith("Choice")
    return TypeRule(tuple(elements), tuple(attributes), text, one_of, anything)


def _slot(hint: Any, metadata: dict[str, Any]) -> Slot:
    inner = _inner(hint)
    many = typing.get_origin(hint) is list
    complex_ = is_dataclass(inner)
    return Slot(
        name=metadata["name"],
        least=metadata.get("min_occurs", 0) if many else int(metadata.get("required", False)),
        most=metadata.get("max_occurs") if many else 1,
        text=None if complex_ else _text_rule(hint, metadata),
        type_=inner if complex_ else None,
    )


def _text_rule(hint: Any, facets: dict[str, Any]) -> TextRule:
    inner = _inner(hint)
    allowed = frozenset(str(member.value) for member in inner) if issubclass(inner, Enum) else None
    return TextRule(kind=inner.__name__, facets=facets, allowed=allowed)


def _inner(hint: Any) -> type:
    """Return the type inside `None | X` or `list[X]`."""
    inner = [argument for argument in typing.get_args(hint) if argument is not type(None)]
    inner_type = inner[0] if inner else hint
    assert isinstance(inner_type, type), "a generated field holds one type"
    return inner_type
