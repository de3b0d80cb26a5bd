"""Letters to banks: what one is, and how it is sent and kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Letter:
    """A mail on its way. `message_id` is the same for the same letter, so that a second copy can be told."""

    to: str
    subject: str
    body_text: str
    message_id: str
    cc: tuple[str, ...] = ()
    remark: str = ""
    """why it goes to others than those it is meant for; names nobody, as it stands in the log"""
