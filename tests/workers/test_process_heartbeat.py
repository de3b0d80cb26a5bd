"""A process whose loop stands still ends, whatever holds it; a stopped or slow one does not."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.paths import ROOT
from workers.process_heartbeat import STOOD_STILL

START = """
import asyncio, re, sys, time
from workers.process_heartbeat import watch_loop
async def main():
    watch_loop({still}, 0.1)
    await asyncio.sleep(0.3)
    print("begins", flush=True)
    {step}
    print("ends", flush=True)
asyncio.run(main())
"""


def begun(step: str, still_seconds: float = 1.0) -> subprocess.Popen[str]:
    script = START.format(step=step, still=still_seconds)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    return process


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("time.sleep(600)", STOOD_STILL),
        ("""re.fullmatch("(a+)+b", "a" * 60)""", -signal.SIGPROF),
    ],
    ids=["waits", "computes-without-a-pause-for-threads"],
)
def test_a_process_whose_loop_stands_still_ends(step: str, code: int) -> None:
    process = begun(step)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "<string>" in errors, "the log shows where it stood"


def test_a_stopped_process_goes_on() -> None:
    process = begun("await asyncio.sleep(3)", still_seconds=2.0)
    process.send_signal(signal.SIGSTOP)
    time.sleep(4)
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, "ends\n")
