"""The form of an ISO 20022 message, and its errors.

Safe reader and writer of XML, as a plain tree that refers to nothing outside the bytes. A DOCTYPE is refused unread, so
there are no entities and no external references. A business application header may precede the message and must not
contradict it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from pydantic import JsonValue


class MessageError(ValueError):
    """The message cannot be used."""

    def __init__(self, where: str, reason: str) -> None:
        """Keep `where`, a path of element names or "body", and `reason`, a text of our own."""
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class DocumentRefused(MessageError):
    """The bytes are not XML that is safe to read."""


class UnknownMessage(MessageError):
    """The XML is not a message of this wire, or has another version."""


class IncompleteMessage(MessageError):
    """The message lacks a required part."""


class InvalidMessage(MessageError):
    """Our own message does not fit its schema, so it must not be sent."""


NAMESPACE_STEM: Final = "urn:iso:std:iso:20022:tech:xsd:"


HEADER: Final = "head.001.001.02"
"""Business application header before our messages, for a bank that wants one."""
HEADER_ROOT: Final = "AppHdr"
ENVELOPE: Final = "BizMsg"
"""Element around header and document. The standard gives it no name, so a bank may use any."""


class Message(StrEnum):
    """Messages by their name in the ISO 20022 catalogue."""

    HOLD_REQUEST = "camt.056.001.08"
    """FIToFIPaymentCancellationRequest: hold request; with a reason of our own, an order to restore or release"""
    RESOLUTION = "camt.029.001.09"
    """ResolutionOfInvestigation: the bank's answer"""
    FUNDS_RETURNED = "pacs.004.001.09"
    """PaymentReturn: the money is being returned"""
    STATUS_REQUEST = "pacs.028.001.03"
    """FIToFIPaymentStatusRequest: reminder of a request"""

    @property
    def namespace(self) -> str:
        """Return the namespace of its elements."""
        return NAMESPACE_STEM + self.value

    @property
    def root_name(self) -> str:
        """Return the name of the one element inside `Document`."""
        return _ROOTS[self]


_ROOTS: Final = {
    Message.HOLD_REQUEST: "FIToFIPmtCxlReq",
    Message.RESOLUTION: "RsltnOfInvstgtn",
    Message.FUNDS_RETURNED: "PmtRtr",
    Message.STATUS_REQUEST: "FIToFIPmtStsReq",
}


BODY_MAX_BYTES: Final = 4 * 1024 * 1024
"""Largest message accepted: 500 transactions with all that a bank may repeat in each."""
ELEMENTS_MAX: Final = 100_000
DEPTH_MAX: Final = 40
ATTRIBUTES_MAX: Final = 20
"""Most attributes of one element; the schemas know one, `Ccy`."""
NAMESPACE_MAX_CHARS: Final = 200
"""Longest name of a namespace, because the name is repeated in every element of it."""

_SEPARATOR: Final = "}"
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MESSAGE_NAME: Final = re.compile(r"[a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2}")
_HEADER_NAME: Final = re.compile(rf"({re.escape(NAMESPACE_STEM)}head\.001\.001\.[0-9]{{2}}{_SEPARATOR}){HEADER_ROOT}")
_UTF8_NAMES: Final = frozenset({"utf-8", "utf8", "us-ascii"})


@dataclass(slots=True)
class Element:
    """One element of a message.

    `name` is bare in the message's own namespace and "namespace}name" in another one. The repr leaves out the text,
    because it may be personal data.
    """

    name: str
    text: str = field(default="", repr=False)
    attributes: dict[str, str] = field(default_factory=dict, repr=False)
    children: list["Element"] = field(default_factory=list, repr=False)

    def every(self, path: str) -> Iterator["Element"]:
        """Yield each element at `path`, whose names are joined by "/"."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name:
                if rest:
                    yield from child.every(rest)
                else:
                    yield child

    def first(self, path: str) -> "Element | None":
        """Return the first element at `path`, or None."""
        return next(self.every(path), None)

    def value(self, path: str) -> str:
        """Return the text at `path` without surrounding space, or ""."""
        element = self.first(path)
        return element.text.strip() if element else ""

    def as_json(self) -> JsonValue:
        """Return the element as JSON.

        A leaf is its text, attributes are named "@name", and repeated names become lists.
        """
        if not self.children and not self.attributes:
            return self.text
        values: dict[str, JsonValue] = {f"@{name}": value for name, value in self.attributes.items()}
        if self.text.strip():
            values["#text"] = self.text
        grouped: dict[str, list[JsonValue]] = {}
        for child in self.children:
            grouped.setdefault(child.name, []).append(child.as_json())
        values.update(
            {name: same_named[0] if len(same_named) == 1 else same_named for name, same_named in grouped.items()}
        )
        return values


def node(name: str, *inside: "Element | str | None", **attributes: str) -> Element:
    """Build an element from texts and children in order; None and "" are skipped."""
    made = Element(name, attributes=attributes)
    for part in inside:
        if isinstance(part, str):
            made.text += part
        elif part is not None:
            made.children.append(part)
    return made


def read(body: bytes) -> tuple[Message, Element]:
    """Return which message `body` is, and the one element inside its `Document`.

    A message with a header is unwrapped. Raises DocumentRefused if the body is too large, not UTF-8, not well-formed
    XML, or has a DTD or a processing instruction. Raises UnknownMessage for XML of another kind.
    """
    if len(body) > BODY_MAX_BYTES:
        raise DocumentRefused("body", f"is larger than {BODY_MAX_BYTES} bytes")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DocumentRefused("body", "is not UTF-8") from None
    return _Reader().read(text)


def write(message: Message, inside: Element, header: Element | None = None) -> bytes:
    """Return the bytes of `message`; `inside` is its root element, in the message's namespace.

    With a `header`, both stand in one envelope. Raises InvalidMessage for a character that XML cannot carry.
    """
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    if header is not None:
        parts.append(f"<{ENVELOPE}>")
        _write(header, header.name, parts, f' xmlns="{NAMESPACE_STEM}{HEADER}"')
    parts.append(f'<Document xmlns="{message.namespace}">')
    _write(inside, inside.name, parts)
    parts.append("</Document>\n" if header is None else f"</Document></{ENVELOPE}>\n")
    return "".join(parts).encode()


def _write(element: Element, where: str, parts: list[str], namespace: str = "") -> None:
    for text in (element.text, *element.attributes.values()):
        if _NOT_IN_XML.search(text):
            raise InvalidMessage(where, "has a character that XML cannot carry")
    attributes = namespace + "".join(f" {name}={quoteattr(value)}" for name, value in element.attributes.items())
    # A bare carriage return would be read as a line feed.
    text = escape(element.text, {"\r": "&#13;"})
    parts.append(f"<{element.name}{attributes}>{text}")
    for child in element.children:
        _write(child, f"{where}/{child.name}", parts)
    parts.append(f"</{element.name}>")


class _Reader:
    """Builds a tree from the events of expat, within the limits."""

    def __init__(self) -> None:
        self._message: Message | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._root: Element | None = None
        self._elements = 0
        self._parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.ProcessingInstructionHandler = self._instruction
        self._parser.StartNamespaceDeclHandler = self._namespace
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, text: str) -> tuple[Message, Element]:
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, error.code)
            raise DocumentRefused(f"line {error.lineno}", f"is not well-formed XML ({reason})") from None
        assert self._root is not None, "well-formed XML has a root element"
        document = self._root if self._root.name == "Document" else _unwrapped(self._root, self._message)
        assert self._message is not None, "a document without a known root element was refused"
        if len(document.children) != 1:
            raise UnknownMessage("Document", "must hold one element")
        inside = document.children[0]
        if inside.name != self._message.root_name:
            raise UnknownMessage("Document", f"{self._message} holds {self._message.root_name}, not what is here")
        return self._message, inside

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _UTF8_NAMES:
            raise DocumentRefused("XML declaration", "names another encoding than UTF-8")

    def _doctype(self, *_: object) -> None:
        raise DocumentRefused("DOCTYPE", "a document type declaration is not read")

    def _instruction(self, *_: object) -> None:
        raise DocumentRefused(f"line {self._parser.CurrentLineNumber}", "a processing instruction is not read")

    def _namespace(self, _prefix: str | None, uri: str | None) -> None:
        if uri is not None and len(uri) > NAMESPACE_MAX_CHARS:
            raise DocumentRefused("body", f"a namespace has more than {NAMESPACE_MAX_CHARS} characters")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > ELEMENTS_MAX:
            raise DocumentRefused("body", f"has more than {ELEMENTS_MAX} elements")
        if len(self._open) >= DEPTH_MAX:
            raise DocumentRefused("body", f"is nested deeper than {DEPTH_MAX} elements")
        if len(attributes) > ATTRIBUTES_MAX:
            raise DocumentRefused("body", f"an element has more than {ATTRIBUTES_MAX} attributes")
        if self._message is None and len(self._open) <= 1 and name.rpartition(_SEPARATOR)[2] == "Document":
            self._message = _message_of(name)
        if self._message is not None:
            name = name.removeprefix(self._message.namespace + _SEPARATOR)
        element = Element(name, attributes=attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def _text(self, text: str) -> None:
        self._texts[-1].append(text)


def _unwrapped(envelope: Element, message: Message | None) -> Element:
    """Return the Document behind its header; the root element may have any name. Raises UnknownMessage."""
    first, *others = envelope.children or [envelope]
    header_name = _HEADER_NAME.fullmatch(first.name)
    if message is None or header_name is None or [other.name for other in others] != ["Document"]:
        raise UnknownMessage("body", f"the root element must be Document, or hold {HEADER_ROOT} and Document alone")
    named = first.value(f"{header_name[1]}MsgDefIdr")
    if named and named != message:
        raise UnknownMessage(f"{HEADER_ROOT}/MsgDefIdr", f"names another message than {message}, which follows it")
    return others[0]


def _message_of(root_name: str) -> Message:
    """Return the message for the name of the document element. Raises UnknownMessage."""
    namespace = root_name.rpartition(_SEPARATOR)[0]
    if not namespace.startswith(NAMESPACE_STEM):
        raise UnknownMessage("Document", "its namespace is not one of ISO 20022")
    name = namespace.removeprefix(NAMESPACE_STEM)
    try:
        return Message(name)
    except ValueError:
        shown = name if _MESSAGE_NAME.fullmatch(name) else "its namespace"
        raise UnknownMessage("Document", f"{shown} is none of {', '.join(Message)}") from None
