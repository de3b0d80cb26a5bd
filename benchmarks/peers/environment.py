"""Environment of the peers: their packages at locked versions, in a folder of their own under the user's cache.

The product's environment is never changed. The folder's name has a digest of the lock file and of the interpreter.
"""

import asyncio
import hashlib
import os
import sys
from pathlib import Path
from typing import Final

LOCK: Final = Path(__file__).with_name("requirements.txt")
DIGEST_LETTERS: Final = 16
STAMP: Final = "complete"
PIP_OPTIONS: Final = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps")


class EnvironmentFailed(Exception):
    """The peers' packages could not be installed; the text has the end of the installer's output."""


def environment_folder() -> Path:
    """Return the folder of the environment for this lock file and this interpreter."""
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:DIGEST_LETTERS]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "goldenhour" / f"peers-{digest}"


async def peers_python() -> Path:
    """Return the interpreter of the peers' environment; make the environment first if it is not complete."""
    folder = environment_folder()
    python = folder / "bin" / "python"
    if not (folder / STAMP).is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        await _run(sys.executable, "-m", "venv", "--clear", str(folder))
        await _run(str(python), "-m", "pip", "install", *PIP_OPTIONS, "-r", str(LOCK))
        (folder / STAMP).touch()
    return python


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise EnvironmentFailed(f"{' '.join(command[:4])} failed:\n{output.decode(errors='replace')[-2000:]}")
