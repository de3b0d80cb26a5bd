"""End a process whose event loop stands still, so that its supervisor starts it again.

Two watches beside the loop are set back once a second by it:

* a thread ends a process whose loop waits: it counts its own looks, so a process that is stopped (SIGSTOP) or gets no
  processor counts nothing;
* a timer of the kernel ends a process whose loop computes. It counts processor time and needs no Python, because an
  expression or a parser may keep all threads of Python from running.
"""

import asyncio
import faulthandler
import logging
import os
import signal
import sys
import threading
from typing import Final

log = logging.getLogger("goldenhour.process_heartbeat")

STILL_SECONDS: Final = 30.0
"""ten times what the longest step of a loop takes on a slow machine"""
LOOK_SECONDS: Final = 1.0
STOOD_STILL: Final = 70
"""exit code of a process whose loop waited for too long; one that computed ends by SIGPROF"""


def watch_loop(still_seconds: float = STILL_SECONDS, look_seconds: float = LOOK_SECONDS) -> None:
    """End this process when its running event loop stands still for longer than `still_seconds` from now on."""
    loop = asyncio.get_running_loop()
    beats = [0]

    def beat() -> None:
        beats[0] += 1
        signal.setitimer(signal.ITIMER_PROF, still_seconds)
        loop.call_later(look_seconds, beat)

    # The handler shows where each thread is, and then the default one ends the process.
    faulthandler.register(signal.SIGPROF, sys.stderr, chain=True)
    beat()
    threading.Thread(target=_look, args=(beats, still_seconds, look_seconds), name="loop-watch", daemon=True).start()


def _look(beats: list[int], still_seconds: float, look_seconds: float) -> None:
    seen, looks, pause = 0, 0, threading.Event()
    while looks * look_seconds < still_seconds:
        pause.wait(look_seconds)
        seen, looks = beats[0], (looks + 1 if beats[0] == seen else 0)
    log.critical("the event loop stood still for %.0f s: the process ends with code %d", still_seconds, STOOD_STILL)
    faulthandler.dump_traceback(sys.stderr)
    os._exit(STOOD_STILL)
