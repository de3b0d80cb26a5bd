"""The form of the tables of texts: for each kind of message and recipient a subject and a text."""

from typing import NamedTuple

from schemas.notifications import MessageKind, Recipient


class Text(NamedTuple):
    """Subject and text of a message, with the names of its values in braces."""

    subject: str
    text: str


Key = tuple[MessageKind, Recipient]
