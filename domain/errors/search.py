"""Business errors about searches."""

from domain.errors import Unreadable


class SearchTextUnreadable(Unreadable):
    kind: str
