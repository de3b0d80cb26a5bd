"""The evidence of a case over HTTP."""

import hashlib
import io
import zipfile
from pathlib import Path

from activities.evidence_file import check
from api.evidence import AT_ONCE
from domain.evidence import PUBLIC_KEY
from schemas.enums import Role
from tests.api.conftest import Doors


async def test_an_auditor_has_it_and_the_log_says_so(doors: Doors, tmp_path: Path) -> None:
    case_no = (await doors.complain())["ack_no"]
    path = f"/api/v1/cases/{case_no}/evidence"
    response = await doors.client.get(path, headers=doors.officer(Role.AUDITOR))
    assert (response.status_code, response.headers["content-type"]) == (200, "application/zip")
    sha256 = hashlib.sha256(response.content).hexdigest()
    assert response.headers["etag"] == f'"{sha256}"'
    archive = tmp_path / "case.zip"
    archive.write_bytes(response.content)
    assert check(archive).events == 1
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


async def test_a_number_that_nobody_has(doors: Doors) -> None:
    response = await doors.client.get("/api/v1/cases/29999999999999/evidence", headers=doors.officer(Role.SUPERVISOR))
    assert response.status_code == 404


async def test_few_are_written_at_once(doors: Doors) -> None:
    case_no = (await doors.complain())["ack_no"]
    places = doors.app.state.packing_room.places
    for _ in range(AT_ONCE):
        await places.acquire()
    headers = doors.officer(Role.AUDITOR)
    assert (await doors.client.get(f"/api/v1/cases/{case_no}/evidence", headers=headers)).status_code == 429
    places.release()
    assert (await doors.client.get(f"/api/v1/cases/{case_no}/evidence", headers=headers)).status_code == 200
