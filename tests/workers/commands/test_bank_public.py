"""Load the public package of banks from its archive or a folder, within limits."""

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from db.pool import Pool
from domain.banks.public_banks import PackageRefused
from tests.factories import make_context
from tests.workers.command_line import invoke, with_database
from workers import bank_package
from workers.bank_package import read_package

FILES: dict[str, Any] = {
    "banknames.json": {"AAAA": "Alpha Bank", "BBBX": "Beta Co-operative Bank", "SBIN": "SBIN Bank", "odd": "Odd Bank"},
    "banks.json": {"BBBX": {"code": "BBBX", "type": "O-UCB", "ifsc": "AAAA0BBB001"}},
    "sublet.json": {"AAAA0BBB001": "BBBX"},
    "custom-sublets.json": {"AAAA0BB": "BBBX"},
    "IFSC.json": {"AAAA": [1, 2], "SBIN": [1]},
    "README.md": "not for us",
}


def packed(path: Path, files: dict[str, Any], folder: str = "package/src") -> Path:
    """Write an archive like that of a package registry."""
    with tarfile.open(path, "w:gz") as archive:
        for name, told in files.items():
            data = told if isinstance(told, bytes) else json.dumps(told).encode()
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def unpacked(path: Path, files: dict[str, Any]) -> Path:
    path.mkdir(parents=True)
    for name, told in files.items():
        (path / name).write_text(json.dumps(told))
    return path


async def test_a_package_is_loaded_once_and_changes_nothing_that_is_known(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    settings = with_database(database_dsn)
    await make_context(database)
    package = packed(tmp_path / "ifsc.tgz", FILES)
    load: list[str | Path] = ["bank", "load-public", package, "--json", "-"]
    tried = await invoke(*load, "--dry-run", **settings)
    assert tried.exit_code == 0, tried.output
    assert "nothing was written" in tried.stderr
    assert await database.fetchval("SELECT count(*) FROM institution") == 4
    loaded = json.loads((await invoke(*load, **settings)).stdout)
    assert loaded == json.loads(tried.stdout) | {"dry_run": False}
    assert (loaded["added"], loaded["kept"], loaded["differing"]) == (["AAAA", "BBBX"], ["SBIN"], {})
    assert [row["what"] for row in loaded["rejected"]] == ["odd"]
    before = await database.fetch("SELECT * FROM institution ORDER BY code")
    again = json.loads((await invoke(*load, **settings)).stdout)
    assert (again["added"], again["kept"]) == ([], ["AAAA", "BBBX", "SBIN"])
    assert await database.fetch("SELECT * FROM institution ORDER BY code") == before
    listed = json.loads((await invoke("bank", "list", "--json", "-", **settings)).stdout)
    beta = next(bank for bank in listed if bank["code"] == "BBBX")
    assert (beta["sponsor"], beta["channels"]) == ("AAAA", [])
    assert beta["ifsc_prefixes"] == ["BBBX", "AAAA0BB", "AAAA0BBB001"]


async def test_a_package_is_told_from_a_directory_file_and_its_banks_have_no_endpoint(
    database_dsn: str, tmp_path: Path
) -> None:
    settings = with_database(database_dsn)
    package = packed(tmp_path / "ifsc.tgz", FILES)
    wrong = await invoke("bank", "load", package, **settings)
    assert (wrong.exit_code, "load-public" in wrong.stderr) == (2, True)
    assert (await invoke("bank", "load-public", package, **settings)).exit_code == 0
    tested = await invoke("bank", "test", "BBBX", **settings)
    assert (tested.exit_code, "its sponsor is AAAA" in " ".join(tested.stderr.split())) == (1, True)


async def test_overrides_win_and_stay(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    overrides = tmp_path / "better.json"
    overrides.write_text(json.dumps([{"code": "AAAA", "name": "Alpha Bank Ltd", "desk_email": "desk@alpha.example"}]))
    folder = unpacked(tmp_path / "ifsc" / "src", FILES).parent
    done = await invoke("bank", "load-public", folder, "--overrides", overrides, **settings)
    assert done.exit_code == 0, done.output
    assert "3 added, 0 kept, 0 differing, 1 rejected" in " ".join(done.stderr.split())
    without = await invoke("bank", "load-public", folder, **settings)
    assert "0 added, 2 kept, 1 differing" in " ".join(without.stderr.split())
    assert "AAAA: kept unchanged; the package differs in name" in without.stdout
    row = await database.fetchrow("SELECT name, desk_email FROM institution WHERE code = 'AAAA'")
    assert row is not None
    assert tuple(row) == ("Alpha Bank Ltd", "desk@alpha.example")


@pytest.mark.parametrize("place", ["", "src", "package/src"])
def test_a_folder_is_read_wherever_the_package_was_unpacked(tmp_path: Path, place: str) -> None:
    unpacked(tmp_path / "here" / place, FILES)
    found = read_package(tmp_path / "here")
    assert found == read_package(packed(tmp_path / "ifsc.tgz", FILES))
    assert (found.names["AAAA"], found.with_branches) == ("Alpha Bank", {"AAAA", "SBIN"})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "contains no banknames.json"),
        ({"README.md": "x"}, "contains no banknames.json"),
        ({"banknames.json": ["AAAA"]}, "banknames.json: not a JSON object"),
        ({"banknames.json": b"{"}, "banknames.json: not JSON"),
        ({"banknames.json": b"[" * 100_000}, "banknames.json: not JSON"),
        (FILES | {"../banknames.json": {}}, "contains banknames.json twice"),
        (FILES | {"banks.json": b" " * 2000}, "banks.json: larger than"),
        (FILES | {"large.bin": b" " * 50_000}, "unpacks to more than"),
        ({f"{n}.txt": b"" for n in range(30)}, "more than 20 files"),
    ],
)
def test_an_archive_that_cannot_be_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(bank_package, "MAX_FILE_BYTES", 1500 if "banks.json" in files else 200_000)
    monkeypatch.setattr(bank_package, "MAX_UNPACKED_BYTES", 40_000 if "large.bin" in files else 1_000_000)
    monkeypatch.setattr(bank_package, "MAX_MEMBERS", 20)
    with pytest.raises(PackageRefused, match=message):
        read_package(packed(tmp_path / "ifsc.tgz", files))


@pytest.mark.parametrize(
    "data",
    [b"", b"no archive", gzip.compress(b"no tar"), gzip.compress(b"\x01" * 4096)[:-9], gzip.compress(b"x")[:5]],
    ids=["empty", "no archive", "no tar", "cut short", "cut off"],
)
def test_what_is_no_archive_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "ifsc.tgz").write_bytes(data)
    with pytest.raises(PackageRefused):
        read_package(tmp_path / "ifsc.tgz")


async def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    settings = with_database(database_dsn)
    package = packed(tmp_path / "ifsc.tgz", FILES)
    odd = tmp_path / "odd.json"
    for words, told in (
        ([tmp_path / "nowhere.tgz"], "No such file"),
        ([odd], "neither a folder nor a readable .tgz archive"),
        ([package, "--overrides", odd], "odd.json: not a JSON list of objects"),
    ):
        odd.write_text("{}")
        result = await invoke("bank", "load-public", *words, **settings)
        assert (result.exit_code, told in " ".join(result.stderr.split())) == (2, True), result.output
    odd.write_text(json.dumps([{"code": "AAAA", "sponsor": "NONE"}]))
    result = await invoke("bank", "load-public", package, "--overrides", odd, "--json", "-", **settings)
    rejected = {row["what"]: row["reason"] for row in json.loads(result.stdout)["rejected"]}
    assert rejected["AAAA"] == "its sponsor NONE is not in the directory"
    assert await database.fetchval("SELECT count(*) FROM institution") == 1
