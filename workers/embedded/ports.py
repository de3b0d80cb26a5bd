"""Find free ports on the loopback interface."""

import random
import socket
from functools import cache
from pathlib import Path
from typing import Final

LOOPBACK = "127.0.0.1"
FIRST_PORT: Final = 10_000
"""the well-known services use lower ports"""
_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_FIRST_OUTGOING: Final = 32_768
_TRIES: Final = 200
_draw: Final = random.SystemRandom()
"""the system's random source, because a test that seeds Python's own would give two processes the same ports"""


def free_port() -> int:
    """Return a TCP port that is free now. Another program may take it first, so be ready to retry.

    Ports that the kernel gives to outgoing connections are avoided, because thousands of these come and go before the
    port is used. Raises OSError if none was found.
    """
    for _ in range(_TRIES):
        port = _draw.randrange(FIRST_PORT, first_outgoing_port())
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise OSError("no free port was found")


@cache
def first_outgoing_port() -> int:
    """Return the first port for outgoing connections, or the usual one if that leaves no room."""
    try:
        first = int(_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _USUAL_FIRST_OUTGOING
    return first if first > FIRST_PORT + _TRIES else _USUAL_FIRST_OUTGOING
