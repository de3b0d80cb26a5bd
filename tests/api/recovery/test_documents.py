"""Documents over HTTP: issued, listed, read byte for byte, and refused by the name of what is missing."""

import asyncio
import hashlib
from typing import Any

import pytest

from activities.recovery import hold_lifecycle
from db.recovery import document_register as register
from schemas.enums import Role
from tests.api.conftest import Doors, line
from tests.each import each
from tests.opened_bodies import opened_rows

OFFICER = (
    "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
    " assigned_by, assigned_at) VALUES ($1, 'io', 1, 'io', 'Pragya Tripathi', 'Inspector', 'Cyber Crime', 'LUCKNOW',"
    " '9454400001', 'officer:desk', now())"
)


class Issuing:
    """A case with money on hold and an officer who answers for it."""

    def __init__(self, doors: Doors, case_no: str) -> None:
        self.doors, self.case_no = doors, case_no

    async def issue(self, kind: str, language: str = "en", role: Role = Role.IO, **more: Any) -> Any:
        body = {"kind": kind, "language": language, **more}
        return await self.doors.post(f"/api/v1/cases/{self.case_no}/documents", body, role)

    async def hold_id(self) -> str:
        query = "SELECT hold_id FROM account_hold WHERE case_no = $1"
        return str(await self.doors.services.ctx.pool.fetchval(query, self.case_no))


@pytest.fixture
async def issuing(doors: Doors) -> Issuing:
    case_no = (await doors.complain())["case_ack_no"]
    assert (await doors.answer("SBIN", case_no, line("held"))).status_code == 200
    await hold_lifecycle.open_for_new_holds(doors.services.ctx, case_no)
    await doors.services.ctx.pool.execute(OFFICER, case_no)
    return Issuing(doors, case_no)


async def test_a_document_is_issued_listed_and_read_byte_for_byte(issuing: Issuing) -> None:
    response = await issuing.issue("lien_notice", "hi", subject="SBIN")
    assert response.status_code == 201, response.text
    issued = response.json()
    assert set(issued) == {"document_id", "number", "digest", "repeated"}
    (listed,) = (await issuing.doors.read("/api/v1/documents", Role.AUDITOR, case=issuing.case_no))["items"]
    assert {name: listed[name] for name in ("document_id", "number", "digest")} == {
        name: issued[name] for name in ("document_id", "number", "digest")
    }
    assert (listed["kind"], listed["language"], listed["subject"]) == ("lien_notice", "hi", "SBIN")
    assert (listed["links"]["institution"], listed["issued_by"]) == ("SBIN", "officer:officer1")
    read = await issuing.doors.client.get(response.headers["location"], headers=issuing.doors.officer(Role.SP))
    assert read.headers["content-type"] == "application/pdf"
    assert read.headers["etag"] == f'"{hashlib.sha256(read.content).hexdigest()}"' == f'"{issued["digest"]}"'
    assert read.headers["content-disposition"] == f'inline; filename="{issued["number"].replace("/", "-")}.hi.pdf"'
    (stored,) = await opened_rows(issuing.doors.services.ctx, "document")
    assert stored["pdf"] == read.content


async def test_who_has_it_already_is_not_sent_it_again(issuing: Issuing) -> None:
    issued = (await issuing.issue("status_letter")).json()
    headers = issuing.doors.officer(Role.DESK) | {"If-None-Match": f'W/"x", "{issued["digest"]}"'}
    response = await issuing.doors.client.get(f"/api/v1/documents/{issued['document_id']}", headers=headers)
    assert (response.status_code, response.content) == (304, b"")


async def test_repeated_requests_it_is_one_document_and_the_next_revision_another(issuing: Issuing) -> None:
    first, again = [await issuing.issue("status_letter", "hi") for _ in range(2)]
    second = await issuing.issue("status_letter", "hi", revision=2)
    assert [one.status_code for one in (first, again, second)] == [201, 200, 201]
    assert first.json() | {"repeated": True} == again.json()
    assert second.json()["number"] != first.json()["number"]
    page = await issuing.doors.read("/api/v1/documents", case=issuing.case_no)
    assert [one["revision"] for one in page["items"]] == [2, 1]


async def test_at_once_by_two_officers_it_is_issued_once(issuing: Issuing) -> None:
    responses = await asyncio.gather(*(issuing.issue("lien_notice", subject="SBIN") for _ in range(4)))
    assert sorted(one.status_code for one in responses) == [200, 200, 200, 201]
    assert len({one.json()["digest"] for one in responses}) == 1


async def test_what_is_missing_is_named_with_its_law_all_at_once(issuing: Issuing) -> None:
    await issuing.doors.services.ctx.pool.execute("UPDATE case_officer SET phone = ' '")
    response = await issuing.issue("notice_94", subject="SBIN")
    assert response.status_code == 422
    problem = response.json()
    assert problem["type"] == "urn:goldenhour:problem:document-incomplete"
    assert [found["field"] for found in problem["violations"]] == ["officer.phone", "documents", "produce_by"]
    assert all(found["message"].startswith("BNSS 94: ") for found in problem["violations"])
    assert (await issuing.doors.read("/api/v1/documents", case=issuing.case_no))["items"] == []


async def test_the_holder_is_told_where_to_appeal(issuing: Issuing) -> None:
    response = await issuing.issue("holder_notice", "hi", subject=await issuing.hold_id())
    assert response.status_code == 201, response.text
    ctx = issuing.doors.services.ctx
    async with ctx.pool.acquire() as connection:
        facts = await register.facts_of(connection, response.json()["document_id"], ctx.opens)
    assert facts is not None
    assert facts["appeal"]["address"] == ""
    assert len(facts["appeal"]["reference"]) == 10


async def test_particulars_are_what_no_row_tells(issuing: Issuing) -> None:
    said = {"documents": ["Statement of account"], "by": "2027-01-04T17:00:00+05:30", "place": "Room 4"}
    response = await issuing.issue("notice_94", subject="SBIN", particulars=said)
    assert response.status_code == 201, response.text
    bad = await issuing.issue("notice_94", subject="SBIN", particulars=said | {"witness": "x"})
    assert (bad.status_code, bad.json()["violations"][0]["field"]) == (422, "particulars.witness")


async def test_other_particulars_under_the_same_revision_are_a_conflict(issuing: Issuing) -> None:
    said = {"documents": ["Statement of account"], "by": "2027-01-04T17:00:00+05:30"}
    assert (await issuing.issue("notice_94", subject="SBIN", particulars=said)).status_code == 201
    assert (await issuing.issue("notice_94", subject="SBIN", particulars=said)).status_code == 200
    other = await issuing.issue("notice_94", subject="SBIN", particulars=said | {"documents": ["CCTV of the ATM"]})
    assert (other.status_code, other.json()["type"]) == (409, "urn:goldenhour:problem:document-differs")
    assert [one["field"] for one in other.json()["violations"]] == ["particulars.documents"]


@pytest.mark.parametrize("role", [Role.DESK, Role.SUPERVISOR, Role.ADMIN])
async def test_the_desk_seizes_nothing(issuing: Issuing, role: Role) -> None:
    for kind, subject in (("notice_106", "SBIN"), ("notice_107", await issuing.hold_id())):
        refused = await issuing.issue(kind, subject=subject, role=role)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:goldenhour:problem:not-allowed")
        lacks = await issuing.issue(kind, subject=subject, role=Role.IO)
        assert lacks.json()["type"] == "urn:goldenhour:problem:document-incomplete"


async def test_a_superintendent_who_does_not_investigate_approves_an_attachment(issuing: Issuing) -> None:
    path = f"/api/v1/holds/{await issuing.hold_id()}/approve-attachment"
    approved = await issuing.doors.post(path, {"reason": "the trail is clear"}, Role.SP)
    assert (approved.status_code, approved.json()["approved_by"]) == (200, "officer1"), approved.text
    await issuing.doors.services.ctx.pool.execute("UPDATE case_officer SET subject = 'officer1'")
    eyes = await issuing.doors.post(path, {"reason": "the trail is clear"}, Role.SP)
    assert (eyes.status_code, eyes.json()["type"]) == (403, "urn:goldenhour:problem:four-eyes")


@each(
    ("kind", "subject"),
    [
        ("holder_notice", "no id"),
        ("restoration_order", "6f1c3a52-8f0e-4a53-9a43-5f1d6f1f0001"),
        ("lien_notice", "NOBANK"),
        ("status_letter", "1"),
    ],
)
async def test_a_document_about_nothing_is_not_found(issuing: Issuing, kind: str, subject: str) -> None:
    assert (await issuing.issue(kind, subject=subject)).status_code == 404


async def test_pages_follow_each_other_and_a_bad_cursor_is_named(issuing: Issuing) -> None:
    numbers = [(await issuing.issue("status_letter", revision=revision)).json()["number"] for revision in range(1, 6)]
    found: list[str] = []
    after: dict[str, Any] = {}
    while True:
        page = await issuing.doors.read("/api/v1/documents", case=issuing.case_no, limit=2, **after)
        found += [one["number"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == numbers[::-1]
    for bad in ("x", "WzFd", "WyJhIiwiYiJd", "WyIyMDI2LTExLTI0IiwiYiJd"):
        response = await issuing.doors.client.get(
            "/api/v1/documents",
            params={"case": issuing.case_no, "after": bad},
            headers=issuing.doors.officer(Role.DESK),
        )
        assert (response.status_code, response.json()["violations"][0]["field"]) == (422, "after")


async def test_the_log_of_the_case_names_the_document_and_no_person(issuing: Issuing) -> None:
    issued = (await issuing.issue("status_letter")).json()
    page = await issuing.doors.read(f"/api/v1/cases/{issuing.case_no}/events", limit=500)
    (event,) = [one for one in page["items"] if one["kind"] == "document_issued"]
    assert event["data"]["number"] == issued["number"]
    assert "Asha" not in str(event)
