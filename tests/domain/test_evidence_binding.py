"""The log and the list of checksums of an evidence pack, as text."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evidence_binding import (
    EVENT_LINES,
    GENESIS,
    ChainReader,
    EventLine,
    Listed,
    NotEvidence,
    check_anchor,
    event_hash,
    event_text,
    manifest,
    read_manifest,
)
from tests.each import each

AT = datetime(2026, 11, 24, 10, 0, 0, 123, tzinfo=UTC)


def log(count: int) -> list[str]:
    """The lines of a log of so many events."""
    lines: list[str] = []
    previous = GENESIS
    for seq in range(1, count + 1):
        known: dict[str, Any] = {"case_no": "32411265000000", "seq": seq, "kind": "hop_added", "at": AT}
        known |= {"actor": "bank:HDFC", "data_text": f'{{"hop_no": {seq}, "note": "é\\n"}}'}
        previous = event_hash(previous, **known)
        lines += event_text(EventLine(**known, hash=previous.hex())).splitlines()
    return lines


def read(lines: list[str]) -> ChainReader:
    chain = ChainReader()
    for start in range(0, len(lines), EVENT_LINES):
        chain.take(lines[start : start + EVENT_LINES])
    return chain


def test_a_log_that_holds_ends_in_its_last_hash() -> None:
    lines = log(4)
    chain = read(lines)
    assert (chain.events, chain.last.hex()) == (4, lines[-EVENT_LINES])


@given(st.integers(0, 4 * EVENT_LINES - 1), st.sampled_from("0aé "))
def test_no_line_changes_unseen(place: int, more: str) -> None:
    lines = log(4)
    lines[place] += more
    with pytest.raises(NotEvidence, match="is broken at event"):
        read(lines)


@given(st.integers(0, 3), st.integers(0, 3))
def test_no_event_is_dropped_or_swapped_unseen(one: int, two: int) -> None:
    lines = log(4)
    events = [lines[start : start + EVENT_LINES] for start in range(0, len(lines), EVENT_LINES)]
    if one == two:
        del events[one]
        if one == len(events):
            assert read([line for event in events for line in event]).events == len(events), (
                "a reader who knows the last hash misses the tail"
            )
            return
    else:
        events[one], events[two] = events[two], events[one]
    with pytest.raises(NotEvidence):
        read([line for event in events for line in event])


@given(st.integers(1, EVENT_LINES - 1))
def test_half_an_event_is_none(missing: int) -> None:
    with pytest.raises(NotEvidence):
        read(log(2)[:-missing])


def test_an_anchor_proves_the_log_up_to_where_it_was_noted() -> None:
    lines = log(4)
    hashes = read(lines).hashes
    case, noted = lines[1], [f"{lines[1]} {seq} {hashes[seq - 1].hex()}" for seq in (2, 3)]
    assert check_anchor("\n".join(noted), case, hashes) == 3
    assert check_anchor(noted[0], "32411265000001", hashes) == 0
    with pytest.raises(NotEvidence, match="at event 3"):
        check_anchor("\n".join(noted), case, hashes[:2])
    with pytest.raises(NotEvidence, match="not a list"):
        check_anchor(f"{noted[0]} and more", case, hashes)


def test_an_event_that_would_not_read_back_is_refused() -> None:
    event = EventLine("32411265000000", 1, "hop_added", AT, "bank:\nHDFC", "{}", "0" * 64)
    with pytest.raises(NotEvidence, match="line break"):
        event_text(event)


def test_the_list_of_checksums_reads_back() -> None:
    listed = [Listed(name, hashlib.sha256(name.encode()).hexdigest()) for name in ("a.txt", "b/c-1.jsonl")]
    assert read_manifest(manifest(listed)) == listed


@each("name", ["../x", "/x", "a//b", "a b", "-x", "a\tb", "", ".hidden", "a/../b", "é", "a/", "x\x00"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(NotEvidence):
        read_manifest(manifest([Listed(name, "0" * 64)]))


@each("text", ["x\n", "0" * 64 + " a\n", "0" * 64 + "  a", f"{'0' * 64}  a\n" * 2, "A" * 64 + "  a\n"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(NotEvidence):
        read_manifest(text)
