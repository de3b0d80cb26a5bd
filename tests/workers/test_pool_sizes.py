"""Connections of a process: enough for all that holds one while it waits for another."""

from activities.case.reply_links import PATHS, REPLIES_AT_ONCE
from workers.restoration_workers import OTHER_CONNECTIONS

KEPT_BY_THE_EVENT_STREAM = 1


def test_replies_never_wait_for_each_others_connections() -> None:
    held_at_most = REPLIES_AT_ONCE * len(PATHS) + KEPT_BY_THE_EVENT_STREAM
    assert held_at_most < OTHER_CONNECTIONS
