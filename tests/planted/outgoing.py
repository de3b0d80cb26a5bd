"""Bugs in messages that are tried again, in due work and in streams."""

from typing import Final

from tests.planted.bug import Bug

BUGS: Final = (
    Bug(
        "a message is given up after the last attempt of the policy",
        "activities/outgoing.py",
        "is_last = claimed.attempts >= trying.attempts or",
        "is_last = claimed.attempts > trying.attempts or",
        "tests/activities/recovery/test_message_outbox.py"
        "::test_a_gateway_that_is_down_is_tried_again_and_again_and_then_the_desk_is_told",
    ),
    Bug(
        "no other process sends a message that is claimed",
        "db/outgoing.py",
        "SET attempts = attempts + 1, next_attempt_at = $3 WHERE",
        "SET attempts = attempts + 1, next_attempt_at = least($2, $3) WHERE",
        "tests/activities/recovery/test_message_outbox.py::test_two_who_send_at_once_send_each_message_once",
    ),
    Bug(
        "each kind of outbound work is found by its due row",
        "db/case/case_outbox.py",
        "*_ALSO_DUE.get(kind, ())]",
        "]",
        "tests/workers/loops/test_outbound.py::test_each_kind_is_found_by_the_row_of_its_outbox_that_is_due",
    ),
    Bug(
        "an action that stays due is tried again after a minute",
        "activities/recovery/assignments.py",
        "due_at if due_at > now else now + STILL_DUE_AGAIN",
        "due_at if due_at > now else now",
        "tests/activities/recovery/test_due_list.py::test_an_action_that_stays_due_is_tried_again_after_a_minute",
    ),
    Bug(
        "a clock that is far ahead counts as a minute ahead",
        "activities/case/transaction.py",
        "return min(asked.at, now + AHEAD_MAX)",
        "return asked.at",
        "tests/activities/recovery/test_due_actions.py::test_h9_a_clock_that_is_far_ahead_counts_as_a_minute_ahead",
    ),
    Bug(
        "a stream goes on behind the last event that its caller has",
        "api/case/cases.py",
        "seq = after if last_event_id is None else last_event_id",
        "seq = after",
        "tests/api/test_streams.py::test_a_stream_goes_on_where_it_was_cut_off",
    ),
    Bug(
        "an event takes the place of an older one about the same thing",
        "api/reporting/stream_events.py",
        "key = event.kind, about\n",
        "key = event.kind, str(event)\n",
        "tests/api/reporting/test_waiting_events.py"
        "::test_the_newest_of_each_thing_waits_and_the_last_number_covers_all_before",
    ),
)
