"""Errors of messages. No text repeats a value, because a value may be personal data."""


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
