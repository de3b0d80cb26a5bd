"""Ports that stay free between their choice and their use."""

import socket

import pytest

from workers.embedded import temporal
from workers.embedded.temporal import FIRST_PORT, LOOPBACK, first_outgoing_port, free_port


def test_no_outgoing_connection_can_take_a_port_that_was_found() -> None:
    found = [free_port() for _ in range(200)]
    assert all(FIRST_PORT <= port < first_outgoing_port() for port in found)
    assert len(set(found)) == len(found), "one that is not in use yet is not given again"
    with socket.create_server((LOOPBACK, 0)) as server, socket.create_connection(server.getsockname()) as line:
        assert line.getsockname()[1] >= first_outgoing_port()


def test_a_port_that_is_taken_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        taken, free = server.getsockname()[1], free_port()
        temporal._given.clear()
        drawn = iter([taken, taken, free])
        monkeypatch.setattr(temporal._draw, "randrange", lambda *_: next(drawn))
        assert free_port() == free
        monkeypatch.setattr(temporal._draw, "randrange", lambda *_: taken)
        with pytest.raises(OSError, match="no free port"):
            free_port()


def test_where_the_kernel_does_not_say_the_usual_range_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def read_text(self) -> str:
            return "1024\t60999\n"

    first_outgoing_port.cache_clear()
    monkeypatch.setattr(temporal, "_RANGE", Silent())
    assert first_outgoing_port() == 32_768
    first_outgoing_port.cache_clear()
