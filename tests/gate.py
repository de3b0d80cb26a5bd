"""Runs the checks and the tests side by side: `make test`.

The tests write to a file while the checks speak; then what they have written is shown, and goes on live. So pytest's
closing line is the last line, and nothing is mixed. The exit code is 0 only if every check and every test passed.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LOOK_SECONDS = 0.2
CONSOLE = () if os.environ.get("BROWSER") == "no" else ("python", "requirements/console.py")
CHECKS = (
    # First, because the tests in the browser wait for it.
    *((("console build", CONSOLE),) if CONSOLE else ()),
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("mypy", ("mypy",)),
    ("import rules", ("lint-imports", "--no-cache")),
    *((("console", (*CONSOLE, "--types")),) if CONSOLE else ()),
)


def say(text: str) -> None:
    """Print a line now."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def start(output: IO[bytes], arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start the tests, in processes that are forks of one which has collected them. What failed is run once more."""
    command = [sys.executable, "-m", "tests.tried_again", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)


def check() -> list[str]:
    """Run every check, one after the other; return the names of those that failed."""
    failed = []
    for name, (program, *arguments) in CHECKS:
        say(f"== {name}")
        began = time.monotonic()
        if subprocess.run([str(BIN / program), *arguments], check=False).returncode != 0:
            failed.append(name)
        say(f"   {time.monotonic() - began:.0f} s")
    return failed


def follow(running: subprocess.Popen[bytes], written: IO[bytes]) -> int:
    """Show what a program has written to a file, and go on until it ends; return its exit code."""
    while True:
        code = running.poll()
        sys.stdout.buffer.write(written.read())
        sys.stdout.buffer.flush()
        if code is not None:
            return code
        time.sleep(LOOK_SECONDS)


def main(arguments: list[str]) -> int:
    """Return 0 when every check and every test passed; `arguments` go to pytest."""
    with tempfile.NamedTemporaryFile(prefix="goldenhour-tests-") as output, Path(output.name).open("rb") as written:
        tests = start(output, arguments)
        try:
            failed = check()
            say(f"== failed: {', '.join(failed)}" if failed else "== every check passed")
            say("== tests")
            code = follow(tests, written)
        except BaseException:
            tests.terminate()
            tests.wait()
            raise
    return code or len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
