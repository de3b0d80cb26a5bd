"""`bank test` against the banks of the simulated world, and against a faulty one."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.banks.i4c.values import refusal_reply
from adapters.banks.protocol import TEST_ACK_PREFIX
from schemas.banks.institutions import InstitutionEntry
from simulator.server import SimulatorServer
from tests.adapters.fake_bank import Street, says
from tests.adapters.wires import AES_KEY, HMAC_KEY, PASSWORD, key_text
from tests.simulator.conftest import quiet
from tests.simulator.police import Police
from tests.workers.command_line import invoke, with_database
from tests.workers.conformance.banks import CarefulBank, RefusingBank


def entry(url: str, **changes: Any) -> dict[str, Any]:
    told = {
        "code": "DEMO",
        "name": "Demo Bank",
        "wire": {
            "base_url": url,
            "email": "police@example.org",
            "password": PASSWORD,
            "aes_key": key_text(AES_KEY),
            "hmac_key": key_text(HMAC_KEY),
        },
        "desk_email": "desk@example.org",
    } | changes
    InstitutionEntry.model_validate(told)
    return told


def written(path: Path, *entries: Any) -> Path:
    path.write_text(json.dumps(entries))
    return path


async def test_the_banks_of_the_world_are_well(tmp_path: Path) -> None:
    async with SimulatorServer(quiet()) as sim, Police(sim.directory) as police:
        sim.connect(police.url)
        file = written(tmp_path / "banks.json", *sim.directory)
        code = str(next(bank["code"] for bank in sim.directory if bank["wire"]))
        result = await invoke("bank", "test", code, "--from", file, "--json", "-")
        assert result.exit_code == 0, result.output
        told = json.loads(result.stdout)
        assert (told["code"], told["well"]) == (code, True)
        assert {found["verdict"] for found in told["findings"] if found["channel"] == "i4c"} == {"right"}
        tickets = sim.tickets()
    assert tickets
    assert all(ticket.report.ack_no.startswith(TEST_ACK_PREFIX) for ticket in tickets)


async def test_a_broken_bank_of_the_directory_fails(street: Street, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    async with street.bank(CarefulBank) as bank:
        assert isinstance(bank, CarefulBank)
        file = written(tmp_path / "banks.json", entry(bank.wire.base_url))
        assert (await invoke("bank", "load", file, **settings)).exit_code == 0
        well = await invoke("bank", "test", "DEMO", **settings)
        bank.faults = {"new job each time"}
        broken = await invoke("bank", "test", "DEMO", "--json", str(tmp_path / "out.json"), **settings)
    assert well.exit_code == 0, well.output
    assert "email" in well.stdout
    assert broken.exit_code == 1
    assert "held twice" in " ".join(broken.stdout.split())
    assert not json.loads((tmp_path / "out.json").read_text())["well"]
    assert PASSWORD not in well.output + broken.output


async def test_it_shows_the_settings_and_the_banks_text_and_how_to_learn_of_balances(
    street: Street, tmp_path: Path
) -> None:
    async with street.bank(RefusingBank) as bank:
        assert isinstance(bank, RefusingBank)
        bank.refusal = says(refusal_reply("99", "[bold]Invalid[/] request payload"), 400)
        wire = entry(bank.wire.base_url)["wire"] | {"ciphertext_member": "encData"}
        file = written(tmp_path / "banks.json", entry(bank.wire.base_url, wire=wire))
        result = await invoke("bank", "test", "DEMO", "--from", file, "--json", str(tmp_path / "out.json"))
    shown, told = " ".join(result.stdout.split()), json.loads((tmp_path / "out.json").read_text())
    assert result.exit_code == 1
    assert f"login: {bank.wire.base_url}/login, report: {bank.wire.base_url}/transaction-fraud" in shown
    assert "ciphertext: member encData, signed: yes, balances: include money on hold" in shown
    assert "[bold]Invalid[/] request payload" in "".join(found["detail"] for found in told["findings"])
    assert "is root_effective_balance 100.00 or 60.00?" in shown
    assert (told["balances"], told["settings"]["i4c"]["ciphertext"]) == ("unclear", "member encData")
    for secret in (PASSWORD, key_text(AES_KEY), key_text(HMAC_KEY), "token-1"):
        assert secret not in result.output


@pytest.mark.parametrize(
    ("code", "changes", "told"),
    [
        ("NONE", {}, "NONE is not in the file"),
        ("DEMO", {"wire": None}, "no channel"),
        ("DEMO", {"wire": entry("http://h")["wire"] | {"aes_key": "c2hvcnQ="}}, "key of its wire cannot be used"),
    ],
)
async def test_what_cannot_be_tried(tmp_path: Path, code: str, changes: dict[str, Any], told: str) -> None:
    file = written(tmp_path / "banks.json", entry("http://127.0.0.1:1", **changes))
    result = await invoke("bank", "test", code, "--from", file)
    assert result.exit_code == 1
    assert told in result.output


async def test_an_institution_that_is_not_known(database_dsn: str) -> None:
    result = await invoke("bank", "test", "NONE", **with_database(database_dsn))
    assert (result.exit_code, "NONE is not in the directory" in result.stderr) == (1, True)
