"""Business errors about searches."""

from domain.errors import Unreadable


class SearchTextUnreadable(Unreadable):
    code = "search_text_unreadable"
    kind: str
