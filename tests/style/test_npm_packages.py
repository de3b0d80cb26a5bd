"""The npm packages of tests: the lock names hashes and no server, and npm that cannot install them says so."""

from pathlib import Path

import orjson
import pytest

from tests.oidc_provider.packages import HERE, installed


def test_the_lock_pins_every_package_by_hash_and_names_no_server() -> None:
    lock = orjson.loads((HERE / "package-lock.json").read_bytes())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if not package.get("integrity")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_npm_without_a_registry_names_what_it_cannot_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(pytest.fail.Exception, match="npm cannot install the packages of tests/oidc_provider") as caught:
        installed(tmp_path / "build")
    assert "ECONNREFUSED" in str(caught.value)
