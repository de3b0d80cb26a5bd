"""Business errors about searches."""

from domain.errors import LimitExceeded


class SearchTextUnreadable(LimitExceeded):
    code = "search_text_unreadable"
    kind: str
