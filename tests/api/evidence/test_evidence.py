"""The evidence of a case over HTTP."""

import hashlib
import io
import zipfile
from pathlib import Path

import orjson

from activities.evidence.archive import check
from adapters.banks.envelope import seal
from api.caches import EVIDENCE_AT_ONCE
from domain.evidence_binding import BODIES, EVENTS, PUBLIC_KEY
from schemas.enums import Role
from tests.api.conftest import Doors, line
from tests.opened_bodies import opened_rows


async def test_an_auditor_has_it_and_the_log_says_so(doors: Doors, tmp_path: Path) -> None:
    case_no = (await doors.complain())["ack_no"]
    path = f"/api/v1/cases/{case_no}/evidence"
    response = await doors.client.get(path, headers=doors.officer(Role.AUDITOR))
    assert (response.status_code, response.headers["content-type"]) == (200, "application/zip")
    sha256 = hashlib.sha256(response.content).hexdigest()
    assert response.headers["etag"] == f'"{sha256}"'
    archive = tmp_path / "case.zip"
    archive.write_bytes(response.content)
    assert check(archive).events == 2
    (*_, last) = (await doors.read(f"/api/v1/cases/{case_no}/events"))["items"]
    assert (last["kind"], last["data"]["sha256"]) == ("evidence_packed", sha256)


async def test_the_keys_are_for_everybody_and_the_accuseds_copy_says_so(doors: Doors) -> None:
    case_no = (await doors.complain())["ack_no"]
    path = f"/api/v1/cases/{case_no}/evidence?for=accused"
    response = await doors.client.get(path, headers=doors.officer(Role.AUDITOR))
    assert f"{case_no}-accused.zip" in response.headers["content-disposition"]
    (key,) = (await doors.client.get("/api/v1/evidence-keys")).json()["keys"]
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        pem = archive.read(PUBLIC_KEY)
    assert (key["pem"].encode(), key["sha256"]) == (pem, hashlib.sha256(pem).hexdigest())
    assert key["first_signed_at"]


async def test_a_number_without_a_case(doors: Doors) -> None:
    response = await doors.client.get("/api/v1/cases/29999999999999/evidence", headers=doors.officer(Role.SUPERVISOR))
    assert response.status_code == 404


async def test_the_police_have_it_of_their_own_cases(doors: Doors) -> None:
    case_no = (await doors.complain())["ack_no"]
    path = f"/api/v1/cases/{case_no}/evidence"
    for role, duty in ((Role.IO, "io"), (Role.SP, "supervising")):
        headers = doors.officer(role)
        refused = await doors.client.get(path, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:goldenhour:problem:not-allowed")
        await doors.services.ctx.pool.execute(
            "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district,"
            " phone, assigned_by, assigned_at) VALUES ($1, $2, 1, $3, 'P T', 'Inspector', 'Cyber Crime', 'LUCKNOW',"
            " '9454400001', 'officer:desk', now())",
            case_no,
            duty,
            "officer1",
        )
        assert (await doors.client.get(path, headers=headers)).status_code == 200


async def test_few_are_written_at_once(doors: Doors) -> None:
    case_no = (await doors.complain())["ack_no"]
    places = doors.services.evidence_jobs.places
    for _ in range(EVIDENCE_AT_ONCE):
        await places.acquire()
    headers = doors.officer(Role.AUDITOR)
    assert (await doors.client.get(f"/api/v1/cases/{case_no}/evidence", headers=headers)).status_code == 429
    places.release()
    assert (await doors.client.get(f"/api/v1/cases/{case_no}/evidence", headers=headers)).status_code == 200


async def test_what_came_on_the_i4c_wire_is_kept_byte_for_byte_refused_too(doors: Doors, tmp_path: Path) -> None:
    case_no = (await doors.complain())["ack_no"]
    wire = await doors.services.ctx.directory.wire("SBIN")
    assert wire is not None
    sealed = seal(orjson.dumps({"acknowledgement_no": case_no, "transactions": [line("held")]}), wire)
    headers = {**sealed.headers, "Authorization": f"Bearer {doors.services.tokens.for_bank('SBIN')}"}
    for body, status in ((b"no envelope", 400), (sealed.body, 200), (sealed.body, 200)):
        response = await doors.client.post("/banking/FraudReportStatusUpdate", content=body, headers=headers)
        assert response.status_code == status, response.text
    kept = await opened_rows(doors.services.ctx, "bank_body", "ORDER BY body_id")
    assert [row["body"] for row in kept] == [b"no envelope", sealed.body], "the same bytes once"
    assert "authorization" not in {name for row in kept for name, _ in row["headers"]}
    response = await doors.client.get(f"/api/v1/cases/{case_no}/evidence", headers=doors.officer(Role.AUDITOR))
    archive = tmp_path / "case.zip"
    archive.write_bytes(response.content)
    check(archive)
    with zipfile.ZipFile(archive) as opened:
        assert opened.read(f"{BODIES}/{hashlib.sha256(sealed.body).hexdigest()}") == sealed.body
        assert f"{hashlib.sha256(b'no envelope').hexdigest()}" not in opened.read(EVENTS).decode()
