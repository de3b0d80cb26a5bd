"""Sixty bugs, planted one at a time in a copy of the checkout: the tests of the gate must catch each.

Run it as `python tests/planted_bugs.py` (or by `make deep`); a number runs that bug alone, and `drawn` runs those that
`make world` draws. The copy goes away at the end, and nothing of the checkout changes.
"""

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.planted import admission, agreements, contents, money, outgoing
from tests.planted.bug import Bug

ROOT: Final = Path(__file__).resolve().parents[1]
BUGS: Final = (*money.BUGS, *agreements.BUGS, *admission.BUGS, *outgoing.BUGS, *contents.BUGS)
DRAWN: Final = 4
LIMIT_SECONDS: Final = 600.0
END_SECONDS: Final = 60.0
"""time that tests have to stop their servers after the limit"""
TESTS_FAILED: Final = 1
"""pytest's exit code when tests ran and some failed; any other one says that they did not run"""
NOT_COPIED: Final = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "node_modules")
"""what a clone without Git has beside its files"""
_FAILED: Final = re.compile(r"\b[0-9]+ failed\b")


class Outcome(NamedTuple):
    """How the tests of a bug ended."""

    is_caught: bool
    did_run: bool
    """false if the bug could not be planted, or if no test came to its end"""
    line: str
    """pytest's last line, or why the tests did not run"""


def say(text: str) -> None:
    """Print a line now."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def drawn() -> list[int]:
    """Return the numbers of the bugs that `make world` plants: the same for the same sources, others after a change."""
    digest = hashlib.sha256()
    for bug in BUGS:
        digest.update((ROOT / bug.file).read_bytes())
    digest.update(_commit())
    numbers = [number for number, bug in enumerate(BUGS, 1) if bug.is_drawn]
    return sorted(random.Random(digest.digest()).sample(numbers, DRAWN))


def _commit() -> bytes:
    """Return the id of the commit; empty without Git."""
    if not (ROOT / ".git").exists():
        return b""
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout


@contextmanager
def copied() -> Iterator[Path]:
    """Copy every file that Git knows or would take into a folder, so that nothing is built twice; remove it at the end.

    Without Git all files are copied.
    """
    with tempfile.TemporaryDirectory(prefix="goldenhour-bugs-") as folder:
        target = Path(folder) / "checkout"
        if (ROOT / ".git").exists():
            listed = subprocess.run(
                ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                cwd=ROOT,
                capture_output=True,
                check=True,
            )
            for name in filter(None, listed.stdout.decode().split("\0")):
                if (ROOT / name).is_file():
                    (target / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / name, target / name)
        else:
            shutil.copytree(ROOT, target, ignore=NOT_COPIED)
        try:
            yield target
        finally:
            # Python keeps the compiled files of the copy beside those of the libraries.
            shutil.rmtree(_compiled() / Path(folder).relative_to("/"), ignore_errors=True)


def _compiled() -> Path:
    return Path(sys.pycache_prefix or ROOT / ".pycache")


def _environment() -> dict[str, str]:
    """Return the environment of the tests: nothing of pytest's processes around them, and compiled files are kept."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "DEEP")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    return ours | {"PYTHONPYCACHEPREFIX": str(_compiled())}


def failing(checkout: Path, tests: str, limit_seconds: float) -> Outcome:
    """Run tests in a checkout, in a session of their own, and leave none of their processes behind."""
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "-x", "-p", "no:cacheprovider", *tests.split()]
    running = subprocess.Popen(
        command,
        cwd=checkout,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = running.communicate(timeout=limit_seconds)
    except subprocess.TimeoutExpired:
        return Outcome(is_caught=False, did_run=False, line=f"no end after {limit_seconds:.0f} s")
    finally:
        _end(running)
    line = (output.strip().splitlines() or [""])[-1]
    did_run = running.returncode in {0, TESTS_FAILED} and (running.returncode == 0 or bool(_FAILED.search(line)))
    return Outcome(is_caught=did_run and running.returncode == TESTS_FAILED, did_run=did_run, line=line)


def _end(running: subprocess.Popen[str]) -> None:
    """Let pytest stop its servers if it has not ended, and kill what is left then."""
    if running.poll() is None:
        running.send_signal(signal.SIGINT)
        try:
            running.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()


def catches(checkout: Path, bug: Bug, limit_seconds: float = LIMIT_SECONDS) -> Outcome:
    """Plant a bug, run its tests and take it out again."""
    file = checkout / bug.file
    whole = file.read_text(encoding="utf-8")
    if whole.count(bug.old) != 1:
        times = whole.count(bug.old)
        return Outcome(is_caught=False, did_run=False, line=f"{bug.file} has the old text {times} times")
    file.write_text(whole.replace(bug.old, bug.new), encoding="utf-8")
    try:
        return failing(checkout, bug.tests, limit_seconds)
    finally:
        file.write_text(whole, encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Return 0 when the tests catch every planted bug."""
    named = drawn() if list(arguments) == ["drawn"] else [int(argument) for argument in arguments]
    wanted = named or range(1, len(BUGS) + 1)
    missed = 0
    with copied() as checkout:
        for number in wanted:
            bug, began = BUGS[number - 1], time.monotonic()
            outcome = catches(checkout, bug)
            missed += not outcome.is_caught
            word = "caught" if outcome.is_caught else "MISSED" if outcome.did_run else "NO RUN"
            say(f"{number:2} {word} {time.monotonic() - began:4.0f} s  {bug.rule}: {outcome.line}")
    say(f"{missed} of {len(wanted)} planted bugs missed")
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
