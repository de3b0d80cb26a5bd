"""The programs of Debian that tests run: the build machine installs them, and a test without one says what to do."""

import re

import pytest

from tests import debian_programs
from tests.debian_programs import PACKAGES, debian_program
from tests.paths import ROOT

BUILD = (ROOT / ".ci" / "run").read_text()


def test_the_build_machine_installs_every_package_that_tests_need() -> None:
    assert set(PACKAGES.values()) <= set(re.findall(r"\|\| missing\+=\(([\w-]+)\)", BUILD))


@pytest.mark.parametrize("name", PACKAGES)
def test_a_test_without_its_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(debian_programs, "FOLDERS", "")
    with pytest.raises(pytest.fail.Exception, match=f"apt-get install .* {PACKAGES[name]}$"):
        debian_program(name)
