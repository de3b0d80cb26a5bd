"""Make the virtual environment of this Python match the lock files, once per change of them.

Every Python version has an environment of its own, `.venvs/<version>`, and `.venv` is a link to the one set up last.
Two `make` may run at once. The script runs on a bare Python 3.11+ with the standard library only. It fetches the pinned
installer first (by hash, `bootstrap.txt`), brings the environment to exactly `dev.txt`, and links the project in.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = ROOT / ".venv"
VENVS = ROOT / ".venvs"
VENV = VENVS / f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.sha256"
# An environment works with one interpreter, in one place.
INTERPRETER = f"{sys.version} {Path(sys.base_prefix).resolve()} {VENV}"
MINIMUM_PYTHON = (3, 11)
INPUTS = ("requirements/bootstrap.txt", "requirements/dev.txt", "requirements/install.py", "pyproject.toml")


def fingerprint() -> str:
    """Hex digest of everything the environment is made from, the interpreter included."""
    digest = hashlib.sha256(INTERPRETER.encode())
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_current(wanted: str) -> bool:
    """Whether the environment was completed from these very inputs."""
    return STAMP.is_file() and STAMP.read_text() == wanted


def run(*command: str | Path) -> None:
    """Run one step; its failure is the failure of the set-up."""
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": str(VENV)}
    subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=True)


def create() -> None:
    """Create the virtual environment again, with the pinned installer in it.

    The caller does this only if the environment is missing, moved or of another interpreter, because programs may be
    running from it.
    """
    run(sys.executable, "-m", "venv", "--clear", VENV)
    pip_options = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps")
    run(PYTHON, "-m", "pip", "install", *pip_options, "-r", "requirements/bootstrap.txt")


def install() -> None:
    """Bring the environment to exactly what the lock files name."""
    made_with = VENV / "interpreter"
    if not (made_with.is_file() and made_with.read_text() == INTERPRETER):
        create()
        made_with.write_text(INTERPRETER)
    uv = (VENV / "bin" / "uv", "pip")
    run(*uv, "sync", "--quiet", "--require-hashes", "requirements/dev.txt")
    # The build backend is in the lock too, so nothing unpinned is fetched to build the project.
    run(*uv, "install", "--quiet", "--no-build-isolation", "--no-deps", "--editable", ".")


def link() -> None:
    """Point `.venv` at this environment; the old single environment, which was a folder of that name, is removed."""
    if LINK.is_dir() and not LINK.is_symlink():
        shutil.rmtree(LINK)
    draft = VENVS / f"link-{os.getpid()}"
    draft.unlink(missing_ok=True)
    draft.symlink_to(VENV.relative_to(ROOT))
    draft.replace(LINK)


def main() -> int:
    """Exit code 0 when the environment is ready."""
    if sys.version_info < MINIMUM_PYTHON:
        sys.stderr.write(f"goldenhour needs Python 3.11 or later; this is {sys.version.split()[0]}.\n")
        return 1
    VENVS.mkdir(exist_ok=True)
    with (VENVS / f"{VENV.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = fingerprint()
        if is_current(wanted):
            link()
            return 0
        sys.stderr.write(f"setting up {VENV.relative_to(ROOT)} from requirements/ …\n")
        STAMP.unlink(missing_ok=True)
        try:
            install()
        except subprocess.CalledProcessError as failure:
            command = " ".join(map(str, failure.cmd))
            sys.stderr.write(f"set-up failed: {command} (exit code {failure.returncode})\n")
            return 1
        STAMP.write_text(wanted)
        link()
    return 0


if __name__ == "__main__":
    sys.exit(main())
