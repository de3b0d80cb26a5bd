"""Runs the tests, and what failed once more, alone: `python -m tests.tried_again -n 4 tests`.

A test that passes alone is printed as unstable, and the run passes. More than `UNSTABLE_MAX` failures are no accident:
they are not run again. The arguments are those of pytest.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.paths import ROOT

UNSTABLE_MAX: Final = 3
FAILED: Final = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
"""ids of the tests that failed, as pytest keeps them"""
SOME_FAILED: Final = 1
"""pytest's exit code"""


def run(arguments: Sequence[str]) -> int:
    """Run Python with these arguments, and return its exit code. A signal to end ends it too."""
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT) as running:
        try:
            return running.wait()
        except BaseException:
            running.terminate()
            raise


def main(arguments: Sequence[str], run: Callable[[Sequence[str]], int] = run, failed_file: Path = FAILED) -> int:
    """Return 0 when every test passed, at first or alone; otherwise pytest's exit code."""
    failed_file.unlink(missing_ok=True)
    code = run(["-m", "tests.forked_pytest", *arguments])
    if code != SOME_FAILED or not failed_file.exists():
        return code
    failed = sorted(json.loads(failed_file.read_text(encoding="utf-8")))
    if len(failed) > UNSTABLE_MAX:
        sys.stdout.write(f"== {len(failed)} tests failed, so none is run again\n")
        return code
    sys.stdout.write("== what failed, once more and alone\n")
    sys.stdout.flush()
    code = run(["-m", "pytest", "-n0", "-q", *failed])
    if code == 0:
        sys.stdout.writelines(f"== unstable: {test}\n" for test in failed)
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(sys.argv[1:]))
