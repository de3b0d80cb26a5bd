"""Business errors about messages."""

from uuid import UUID

from domain.errors import NotFound, NotNow


class MessageNotFound(NotFound):
    code = "message_not_found"
    message_id: UUID


class MessageSent(NotNow):
    code = "message_sent"
    message_id: UUID


class MessageExpired(NotNow):
    code = "message_expired"
    message_id: UUID
