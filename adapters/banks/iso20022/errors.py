"""How a message can fail. No text here repeats a value: a value may be personal data."""


class MessageError(ValueError):
    """The message cannot be used."""

    def __init__(self, where: str, reason: str) -> None:
        """`where` is a path of element names (or "body"), `reason` words of ours."""
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class DocumentRefused(MessageError):
    """The bytes are no XML that is safe to read."""


class UnknownMessage(MessageError):
    """It is XML, but none of the messages of this wire, or another version of one."""


class IncompleteMessage(MessageError):
    """The message lacks what it means nothing without."""


class InvalidMessage(MessageError):
    """A message of ours that its schema does not allow: it must not leave."""
