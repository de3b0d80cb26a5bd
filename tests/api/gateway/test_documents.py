"""The notices that went to a bank, at its own door; and what an officer is told that a document lacks."""

import hashlib
from uuid import uuid4

from schemas.enums import Role
from tests.api.conftest import Doors
from tests.api.feed import Feed, feed, kind
from tests.api.recovery.test_documents import Issuing, issuing
from tests.sealed_documents import put_fir_copy

__all__ = ["feed", "issuing"]

DOCUMENTS = "/api/v1/bank/documents"


async def test_a_bank_reads_its_notices_byte_for_byte(issuing: Issuing, feed: Feed) -> None:
    notice = (await issuing.issue("lien_notice", subject="SBIN")).json()
    (listed,) = (await feed.get(DOCUMENTS, case=issuing.case_no)).json()["items"]
    assert {name: listed[name] for name in ("document_id", "number", "digest")} == {
        name: notice[name] for name in ("document_id", "number", "digest")
    }
    assert (listed["kind"], listed["case_ack_no"], listed["revision"]) == ("lien_notice", issuing.case_no, 1)
    read = await feed.get(f"{DOCUMENTS}/{listed['document_id']}")
    assert read.headers["content-type"] == "application/pdf"
    assert hashlib.sha256(read.content).hexdigest() == listed["digest"]
    assert len(read.content) == listed["size_bytes"]


async def test_a_bank_reads_only_its_own_and_nothing_that_is_for_its_customer(issuing: Issuing, feed: Feed) -> None:
    notice = (await issuing.issue("lien_notice", subject="SBIN")).json()
    told = (await issuing.issue("holder_notice", subject=await issuing.hold_id())).json()
    assert [item["kind"] for item in (await feed.get(DOCUMENTS)).json()["items"]] == ["lien_notice"]
    assert (await feed.get(DOCUMENTS, bank="HDFC", case=issuing.case_no)).json() == {"items": [], "next": None}
    for document_id, bank in ((notice["document_id"], "HDFC"), (told["document_id"], "SBIN"), (uuid4(), "SBIN")):
        assert kind(await feed.get(f"{DOCUMENTS}/{document_id}", bank=bank), 404) == "not-found"


async def test_a_bank_reads_the_copy_of_the_fir_that_goes_with_its_notice(issuing: Issuing, feed: Feed) -> None:
    document = b"%PDF-1.7 a report"
    ctx, fir_id = issuing.doors.services.ctx, uuid4()
    await ctx.pool.execute(
        "INSERT INTO fir (fir_id, case_no, kind, state, fir_no, police_station, requested_at, requested_by,"
        " registered_at) VALUES ($1, $2, 'fir', 'registered', '12/2026', 'Cell', now(), 'officer:io', now())",
        fir_id,
        issuing.case_no,
    )
    await put_fir_copy(ctx, fir_id, issuing.case_no, document)
    notice = (await issuing.issue("notice_106", subject="SBIN", particulars={"grounds": "received at once"})).json()
    (listed,) = (await feed.get(DOCUMENTS)).json()["items"]
    read = await feed.get(f"{DOCUMENTS}/{notice['document_id']}/fir")
    assert (read.status_code, read.content) == (200, document)
    assert listed["fir_copy_digest"] == hashlib.sha256(read.content).hexdigest()
    assert kind(await feed.get(f"{DOCUMENTS}/{notice['document_id']}/fir", bank="HDFC"), 404) == "not-found"


async def test_a_notice_without_an_fir_has_no_copy(issuing: Issuing, feed: Feed) -> None:
    notice = (await issuing.issue("lien_notice", subject="SBIN")).json()
    assert (await feed.get(DOCUMENTS)).json()["items"][0]["fir_copy_digest"] == ""
    assert kind(await feed.get(f"{DOCUMENTS}/{notice['document_id']}/fir"), 404) == "not-found"


async def test_the_list_goes_on_where_it_ended(issuing: Issuing, feed: Feed) -> None:
    for revision in (1, 2, 3):
        await issuing.issue("lien_notice", subject="SBIN", revision=revision)
    first = (await feed.get(DOCUMENTS, limit=2)).json()
    rest = (await feed.get(DOCUMENTS, limit=2, cursor=first["next"])).json()
    assert [item["revision"] for page in (first, rest) for item in page["items"]] == [3, 2, 1]
    assert rest["next"] is None
    assert kind(await feed.get(DOCUMENTS, cursor="x"), 422) == "invalid-request"
    assert kind(await feed.get(DOCUMENTS, case="7"), 422) == "invalid-request"


async def test_an_officer_sees_what_a_document_incomplete_before_it_is_issued(issuing: Issuing) -> None:
    path = f"/api/v1/cases/{issuing.case_no}/documents"
    report = await issuing.doors.read(f"{path}/magistrate_report/lacking", Role.IO)
    assert report == {"kind": "magistrate_report", "subject": issuing.case_no, "can_be_issued": True, "lacking": []}
    lacks = await issuing.doors.read(f"{path}/notice_94/lacking", Role.IO, subject="SBIN")
    assert not lacks["can_be_issued"]
    assert {"field": "documents", "law": "BNSS 94", "why": "which documents"} in lacks["lacking"]
    assert (await issuing.doors.read("/api/v1/documents", case=issuing.case_no))["items"] == [], "nothing is issued"


async def test_what_a_preview_is_about_must_be_there(issuing: Issuing, doors: Doors) -> None:
    path = f"/api/v1/cases/{issuing.case_no}/documents"
    headers = doors.officer(Role.IO)
    for about in ({"subject": "NOBANK"}, {"subject": "a\x00b"}):
        response = await doors.client.get(f"{path}/lien_notice/lacking", params=about, headers=headers)
        assert response.status_code in {404, 422}
    response = await doors.client.get(f"{path}/holder_notice/lacking", params={"subject": "x"}, headers=headers)
    assert kind(response, 404) == "not-found"
