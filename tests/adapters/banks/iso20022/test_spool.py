"""The spool: a file is there whole or not at all, once a request, and nothing that was in it is lost."""

import errno
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.banks.iso20022 import spool as spools
from adapters.banks.iso20022.arrivals import CancellationRequest, StatusRequest
from adapters.banks.iso20022.document import BODY_MAX_BYTES
from adapters.banks.iso20022.orders import decode
from adapters.banks.iso20022.spool import CANNOT_BE_WRITTEN, Spool, SpoolAdapter, read_file
from adapters.banks.protocol import BankMisconfigured, BankRefused, BankUnreachable, IsoWay, ReminderSender
from tests.adapters.iso_messages import CASE
from tests.adapters.wires import REQUEST_ID, incident, ticket

AT = datetime(2026, 4, 12, 9, 0, tzinfo=UTC)
WAY = IsoWay("DEMO", "DEMOINBB")
NAME = f"{REQUEST_ID.hex}.xml"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


@pytest.fixture
def adapter(spool: Spool) -> SpoolAdapter:
    return SpoolAdapter(spool, clock=lambda: AT)


def came(spool: Spool, name: str, body: bytes = b"<x/>", *, age_seconds: int = 0) -> Path:
    """A file of the bank's in its `in/`."""
    path = spool.of("DEMO", "in") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    at = AT.timestamp() - age_seconds
    os.utime(path, (at, at))
    return path


async def test_a_ticket_is_a_file_that_the_bank_can_read(spool: Spool, adapter: SpoolAdapter) -> None:
    delivery = await adapter.send_hold_request(WAY, ticket(), timeout_seconds=5)
    assert delivery.job_id == CASE
    (path,) = spool.of("DEMO", "out").iterdir()
    assert path.name == NAME
    told = decode(path.read_bytes())
    assert isinstance(told, CancellationRequest)
    assert (told.case_id, told.bank_code, told.created_at) == (CASE, "DEMO", AT)
    assert b"<BICFI>DEMOINBB</BICFI>" in path.read_bytes()
    assert spool.of("DEMO", "in").is_dir(), "the bank finds where to answer"


async def test_a_bank_that_wants_a_header_has_one_before_each_message(spool: Spool, adapter: SpoolAdapter) -> None:
    way = replace(WAY, business_header=True)
    await adapter.send_hold_request(way, ticket(), timeout_seconds=5)
    await adapter.send_reminder(way, REQUEST_ID, ["610212345678"], asked_at=AT, timeout_seconds=5)
    bodies = [path.read_bytes() for path in spool.of("DEMO", "out").iterdir()]
    assert [body.count(b"<AppHdr ") for body in bodies] == [1, 1]
    assert {type(decode(body)) for body in bodies} == {CancellationRequest, StatusRequest}


async def test_the_same_ticket_twice_is_one_file_as_it_was_first(tmp_path: Path, spool: Spool) -> None:
    times = iter([AT, AT + timedelta(minutes=1)])
    adapter = SpoolAdapter(spool, clock=lambda: next(times))
    first = await adapter.send_hold_request(WAY, ticket(), timeout_seconds=5)
    body = (spool.of("DEMO", "out") / NAME).read_bytes()
    assert await adapter.send_hold_request(WAY, ticket(), timeout_seconds=5) == first
    assert [path.name for path in spool.of("DEMO", "out").iterdir()] == [NAME]
    assert (spool.of("DEMO", "out") / NAME).read_bytes() == body


async def test_a_reminder_is_a_file_for_each_time_it_is_asked(spool: Spool, adapter: SpoolAdapter) -> None:
    assert isinstance(adapter, ReminderSender)
    for minutes in (0, 0, 1):
        asked_at = AT + timedelta(minutes=minutes)
        await adapter.send_reminder(WAY, REQUEST_ID, ["610212345678"], asked_at=asked_at, timeout_seconds=5)
    files = list(spool.of("DEMO", "out").iterdir())
    assert len(files) == 2
    told = decode(files[0].read_bytes())
    assert isinstance(told, StatusRequest)
    assert (told.request_message_id, told.references) == (REQUEST_ID.hex, ("610212345678",))


@pytest.mark.parametrize(("step", "number"), [("fsync", errno.ENOSPC), ("write", errno.EACCES), ("fsync", errno.EIO)])
async def test_a_disk_that_fails_is_a_bank_not_reached_and_leaves_nothing_half_written(
    spool: Spool, adapter: SpoolAdapter, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    def fails(*_: object) -> None:
        raise OSError(number, "no such luck", "/the/path")

    target = os if step == "fsync" else spools
    monkeypatch.setattr(target, "fsync" if step == "fsync" else "_write_whole", fails)
    with pytest.raises(BankUnreachable, match=errno.errorcode[number]) as caught:
        await adapter.send_hold_request(WAY, ticket(), timeout_seconds=5)
    assert "/the/path" not in str(caught.value)
    assert caught.value.retryable
    assert list(spool.of("DEMO", "out").iterdir()) == []
    monkeypatch.undo()
    await adapter.send_hold_request(WAY, ticket(), timeout_seconds=5)
    assert len(list(spool.of("DEMO", "out").iterdir())) == 1


async def test_a_spool_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    adapter = SpoolAdapter(Spool(tmp_path / "share"))
    with pytest.raises(BankUnreachable, match="ENOENT"):
        await adapter.send_hold_request(WAY, ticket(), timeout_seconds=5)
    assert list(tmp_path.iterdir()) == []


async def test_a_disk_that_hangs_is_not_waited_for(
    adapter: SpoolAdapter, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    monkeypatch.setattr(spool, "put", lambda *_: free.wait(30))
    try:
        with pytest.raises(BankUnreachable, match=r"within 0\.05 s"):
            await adapter.send_hold_request(WAY, ticket(), timeout_seconds=0.05)
    finally:
        free.set()


@pytest.mark.parametrize("code", ["../OTHER", "DE/MO", "", "demo", "A", "..", "X" * 21, "DEMO\n"])
async def test_a_code_that_names_another_folder_is_none(adapter: SpoolAdapter, tmp_path: Path, code: str) -> None:
    with pytest.raises((BankMisconfigured, BankRefused)):
        await adapter.send_hold_request(IsoWay(code, "DEMOINBB"), ticket(), timeout_seconds=5)
    assert list(tmp_path.iterdir()) == []


async def test_a_ticket_that_the_messages_cannot_carry_goes_to_a_person(adapter: SpoolAdapter, tmp_path: Path) -> None:
    with pytest.raises(BankRefused) as caught:
        await adapter.send_hold_request(WAY, ticket(incident(rrn="9" * 36)), timeout_seconds=5)
    assert caught.value.response_code == CANNOT_BE_WRITTEN
    assert "OrgnlTxId" in caught.value.message or "OrgnlEndToEndId" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_only_whole_messages_are_seen_the_oldest_first(spool: Spool) -> None:
    assert spool.waiting("DEMO") == []
    came(spool, "new.xml")
    came(spool, "old.XML", age_seconds=9)
    for name in (".hidden.xml", "half.xml.tmp", "half.tmp", "notes.txt"):
        came(spool, name)
    (spool.of("DEMO", "in") / "folder.xml").mkdir()
    (spool.of("DEMO", "in") / "link.xml").symlink_to(came(spool, "elsewhere.bin"))
    os.mkfifo(spool.of("DEMO", "in") / "pipe.xml")
    assert [seen.path.name for seen in spool.waiting("DEMO")] == ["old.XML", "new.xml"]


def test_a_file_that_grows_looks_different(spool: Spool) -> None:
    came(spool, "a.xml", b"<x")
    before = spool.waiting("DEMO")
    assert spool.waiting("DEMO") == before
    came(spool, "a.xml", b"<x/>")
    assert spool.waiting("DEMO") != before


def test_what_is_moved_takes_no_others_place(spool: Spool) -> None:
    places = [spool.set_refused("DEMO", came(spool, "a.xml", text), "no XML") for text in (b"1", b"2", b"3")]
    assert [path and path.read_bytes() for path in places] == [b"1", b"2", b"3"]
    assert [path and path.name for path in places] == ["a.xml", "a.2.xml", "a.3.xml"]
    assert (spool.of("DEMO", "refused") / "a.2.xml.reason.txt").read_text() == "no XML\n"
    done = spool.set_done("DEMO", came(spool, "a.xml"))
    assert done == spool.of("DEMO", "done") / "a.xml"
    assert list(spool.of("DEMO", "in").iterdir()) == []


def test_a_file_that_another_has_moved_leaves_no_reason_behind(spool: Spool) -> None:
    path = came(spool, "a.xml")
    path.unlink()
    assert spool.set_refused("DEMO", path, "why") is None
    assert list(spool.of("DEMO", "refused").iterdir()) == []


def test_the_longest_name_that_a_disk_allows_is_moved_too(spool: Spool) -> None:
    path = spool.set_refused("DEMO", came(spool, "ab" * 125 + ".xml", b"kept"), "why")
    assert path is not None
    assert path.read_bytes() == b"kept"


def test_no_link_is_read_and_no_more_than_a_message(tmp_path: Path) -> None:
    large = tmp_path / "large.xml"
    large.write_bytes(b"x" * (BODY_MAX_BYTES + 100))
    assert len(read_file(large)) == BODY_MAX_BYTES + 1, "one more than is allowed, so that it is refused as too large"
    link = tmp_path / "link.xml"
    link.symlink_to(large)
    pipe = tmp_path / "pipe.xml"
    os.mkfifo(pipe)
    for path in (link, pipe, tmp_path, tmp_path / f"{uuid4()}.xml"):
        with pytest.raises(OSError):  # noqa: PT011 - of each its own
            read_file(path)
