"""Business errors about messages."""

from uuid import UUID

from domain.errors import NotFound, NotNow


class MessageNotFound(NotFound):
    message_id: UUID


class MessageSent(NotNow):
    message_id: UUID


class MessageExpired(NotNow):
    message_id: UUID
