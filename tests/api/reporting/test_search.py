"""One search for an officer: by everything that a caller or a bank reads out, in the cases that the officer reads."""

from typing import Any

import pytest

from schemas.enums import Role
from tests.api.conftest import Doors, line, transfer
from tests.api.officers.test_jurisdiction import assign
from tests.api.test_marked_cases import PROTECTED
from tests.api.test_read_log import logged

ASHA = {"name": "आशा देवी", "mobile": "+91 98765 00017", "district": "LUCKNOW", "email": "asha17@example.org"}
RRN, UTR = "412345678901", "SBIN R5202 6112400001"
TOLD: dict[str, Any] = {
    "payer": {"institution": "HDFC", "account": "0050100000000017", "vpa": "asha17@okhdfc"},
    "payee": {"institution": "SBIN", "account": "000-30000000017", "vpa": "mule.17@oksbi"},
}


async def search(doors: Doors, text: str, role: Role = Role.DESK, name: str = "officer1", **asked: Any) -> Any:
    headers = doors.officer(role, name)
    return await doors.client.post("/api/v1/search", json={"text": text, **asked}, headers=headers)


async def found(doors: Doors, text: str, role: Role = Role.DESK, name: str = "officer1") -> dict[str, list[str]]:
    """Search; return what each case was found by."""
    response = await search(doors, text, role, name)
    assert response.status_code == 200, response.text
    return {item["case_ack_no"]: item["found_by"] for item in response.json()["items"]}


async def complain(doors: Doors, rrn: str, **changes: Any) -> str:
    return str((await doors.complain(transfers=[transfer(rrn=rrn)], **changes))["case_ack_no"])


async def test_a_case_is_found_by_everything_that_its_victim_or_bank_names(doors: Doors) -> None:
    told = transfer(rrn=RRN, utr=UTR, **TOLD)
    case_no = (await doors.complain(ack_no="22411260000017", victim=ASHA, transfers=[told]))["case_ack_no"]
    await complain(doors, "412345678902", victim=ASHA | {"name": "Ravi Kumar", "mobile": "9", "email": "r@example.org"})
    moved = line(
        "moved", RRN, "30000000017", rrn_transaction_id="512345678917", payee_account_number="0050100000000099"
    )
    assert (await doors.answer("SBIN", case_no, moved)).status_code == 200
    gone = line("atm", "512345678917", "50100000000099", rrn_transaction_id="612345678917")
    assert (await doors.answer("HDFC", case_no, gone, job_id="J2")).status_code == 200
    for text, kind in (
        ("98765-00017", "mobile"),
        ("asha DEVEE", "name"),
        ("Asha17@Example.org", "email"),
        ("4123 4567 8901", "reference"),
        ("sbinr52026112400001", "reference"),
        ("512345678917", "reference"),
        ("612345678917", "reference"),
        ("0030000000017", "account"),
        ("SBIN 30000000017", "account"),
        ("50100000000099", "account"),
        ("50100000000017", "account"),
        ("HDFC 50100000000017", "account"),
        ("MULE.17@okSBI", "vpa"),
        ("asha17@okhdfc", "vpa"),
        ("2241126 0000017", "ack_no"),
    ):
        assert await found(doors, text) == {case_no: [kind]}, text
    assert await found(doors, "HDFC 30000000017") == {}, "of another bank"
    (item,) = (await search(doors, "98765-00017")).json()["items"]
    assert item["ack_nos"] == [case_no]
    assert (item["district"], item["marked"], item["state"]) == ("LUCKNOW", False, "open")
    assert (item["buckets_paise"]["withdrawn"], item["buckets_paise"]["held"]) == (5_000_00, 0)
    assert not {"name", "mobile", "email"} & set(item)


async def test_a_victim_reads_the_reference_as_told_first_and_the_bank_the_one_that_was_corrected(doors: Doors) -> None:
    case_no = await complain(doors, "412345678901")
    ticket = {**line("held", RRN), "status_code": "01"}
    assert (await doors.answer("SBIN", case_no, ticket)).status_code == 200
    path = f"/api/v1/cases/{case_no}/hops/1/correct"
    done = await doors.post(path, {"rrn": "412345678999", "reason": "read off the statement"})
    assert done.status_code == 200, done.text
    for text in ("412345678901", "412345678999"):
        assert await found(doors, text) == {case_no: ["reference"]}, text


async def test_a_number_that_the_portal_gave_too_finds_both_complaints(doors: Doors) -> None:
    ours = await complain(doors, "412345678901")
    told = transfer(rrn="412345678902")
    theirs = (await doors.complain(ack_no=ours, channel="portal", transfers=[told]))["case_ack_no"]
    assert theirs != ours
    assert await found(doors, ours) == {theirs: ["ack_no"], ours: ["ack_no"]}


async def test_an_unknown_bank_hides_no_account(doors: Doors) -> None:
    payee = {"institution": "Bank of Nowhere", "account": "0070000000007"}
    case_no = (await doors.complain(transfers=[transfer(payee=payee)]))["case_ack_no"]
    assert await found(doors, "70000000007") == {case_no: ["account"]}


async def test_a_text_that_can_be_several_things_is_searched_as_each(doors: Doors) -> None:
    by_mobile = await complain(doors, "412345678901", victim=ASHA | {"mobile": "9876500017"})
    payee = {"institution": "PYTM", "wallet": "9876500017"}
    told = transfer(rrn="412345678902", payee=payee)
    by_wallet = (await doors.complain(transfers=[told]))["case_ack_no"]
    assert await found(doors, "9876500017") == {by_wallet: ["account"], by_mobile: ["mobile"]}
    narrow = (await search(doors, "9876500017", kind="account")).json()
    assert [item["case_ack_no"] for item in narrow["items"]] == [by_wallet]
    assert narrow["searched_by"] == ["account"]


async def test_h8_an_officer_finds_the_own_cases_alone(doors: Doors) -> None:
    case_no = await complain(doors, RRN, victim=ASHA)
    for name, district in (("io1", "Agra"), ("sp.agra", "Agra"), ("sp.lucknow", "Lucknow")):
        await doors.post_officer(name, district)
    who = ((Role.IO, "io1", 0), (Role.SP, "sp.agra", 0), (Role.SP, "sp.lucknow", 1), (Role.STATE_GRO, "gro", 1))
    for role, name, count in who:
        assert len(await found(doors, RRN, role, name)) == count, name
    assert await found(doors, "98765-00017", Role.IO, "io1") == {}
    assert await assign(doors, case_no, "io1") == 201
    for text in (RRN, "98765-00017", "asha devi", case_no):
        assert len(await found(doors, text, Role.IO, "io1")) == 1, text


async def test_m11_a_marked_case_is_found_by_its_money_and_by_its_victim_only_by_those_who_read_persons(
    doors: Doors,
) -> None:
    marked = await complain(doors, RRN, victim=ASHA, category=PROTECTED)
    for role, by_money, by_victim in ((Role.DESK, 1, 0), (Role.SUPERVISOR, 1, 1), (Role.ADMIN, 0, 0)):
        assert len(await found(doors, RRN, role)) == by_money, role
        assert len(await found(doors, "98765-00017", role)) == by_victim, role
    (item,) = (await search(doors, RRN)).json()["items"]
    assert (item["case_ack_no"], item["marked"]) == (marked, True)


@pytest.mark.parametrize("role", [Role.INTAKE, Role.AUDITOR, Role.STATE_GRO])
async def test_who_may_not_find_victims_searches_by_all_else(doors: Doors, role: Role) -> None:
    await complain(doors, RRN, victim=ASHA)
    assert len(await found(doors, RRN, role)) == 1
    for text in ("Asha Devi", "asha17@example.org"):
        refused = await search(doors, text, role)
        assert (refused.status_code, refused.json()["code"]) == (403, "role_not_allowed")
    assert (await search(doors, "9876500017", role)).json()["searched_by"] == ["reference", "account"]


async def test_pages_have_every_case_once_and_the_newest_first(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [await complain(doors, f"41234567891{last}") for last in range(5)]
    seen, after = [], None
    while True:
        page = (await search(doors, "SBIN 30000000001", limit=2, **({"after": after} if after else {}))).json()
        seen += [item["case_ack_no"] for item in page["items"]]
        assert page["is_cut"] is False
        if (after := page["next"]) is None:
            break
    assert seen == cases[::-1]
    rules = doors.services.ctx.policy.search.model_copy(update={"candidates_max": 4})
    monkeypatch.setitem(doors.services.ctx.policy.__dict__, "search", rules)
    page = (await search(doors, "SBIN 30000000001")).json()
    assert (page["is_cut"], len(page["items"])) == (True, 4)
    assert (await search(doors, "30000000001", after="no cursor")).status_code == 422


async def test_a_search_for_too_little_or_too_much_is_refused(doors: Doors, subtests: pytest.Subtests) -> None:
    for asked, status, code in (
        ({"text": "?"}, 422, "search_text_unreadable"),
        ({"text": "Asha Devi", "kind": "mobile"}, 422, "search_text_unreadable"),
        ({"text": "Asha"}, 409, "victim_name_of_one_term"),
        ({"text": " "}, 422, None),
        ({"text": "9" * 321}, 422, None),
        ({"text": "9876500017", "limit": 201}, 422, None),
    ):
        with subtests.test(asked=asked):
            refused = await search(doors, **asked)
            assert refused.status_code == status, refused.text
            assert code in {refused.json()["code"], None}


async def test_h8_a_search_is_a_read_of_each_case_and_the_person_asked_for_is_not_in_the_log(doors: Doors) -> None:
    case_no = await complain(doors, RRN, victim=ASHA)
    for text in ("98765-00017", "9876500099", "SBIN 30000000001", "70000000009"):
        assert (await search(doors, text)).status_code == 200
    route = "/api/v1/search"
    reads = sorted((read["kind"], read["subject"], read["case_no"] or "") for read in await logged(doors))
    assert reads == [
        ("account", "*/70000000009", ""),
        ("account", "SBIN/30000000001", ""),
        ("case", case_no, case_no),
        ("list", route, ""),
        ("person", route, ""),
        ("person", case_no, case_no),
    ]
