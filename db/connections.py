"""Settings of every connection to PostgreSQL, and connections beside the pool.

PostgreSQL itself keeps the limits of `ConnectionLimits`. So a process that stands still, or whose machine is gone,
keeps no lock for long.
"""

from dataclasses import dataclass
from typing import Any, Final

import asyncpg

_KEEPALIVES: Final = {
    "tcp_keepalives_idle": "30s",
    "tcp_keepalives_interval": "10s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60s",
    "client_connection_check_interval": "10s",
}
"""The server ends a connection a minute after the last sign of the other machine, also in a long statement."""


@dataclass(frozen=True)
class ConnectionLimits:
    """Times after which PostgreSQL ends what a connection does; 0 sets no limit."""

    lock_seconds: float = 10.0
    """wait for one lock"""
    idle_in_transaction_seconds: float = 30.0
    """wait for the next statement of a transaction"""
    statement_seconds: float = 150.0
    """one statement; above every limit of a process, so that the process gives up first"""
    idle_seconds: float = 0.0
    """wait for the next statement outside a transaction"""


OF_A_PROCESS: Final = ConnectionLimits()
OF_THE_OWNER: Final = ConnectionLimits(lock_seconds=0, idle_in_transaction_seconds=300, statement_seconds=0)
"""for one command: a long statement is wanted, and only an idle transaction ends"""
OF_A_MIGRATION: Final = ConnectionLimits(idle_in_transaction_seconds=60, statement_seconds=0, idle_seconds=60)
"""A migration that stands still loses its lock, and another process may migrate."""


def connection_settings(application_name: str, limits: ConnectionLimits = OF_A_PROCESS) -> dict[str, str]:
    """Return the settings that a connection sends when it is opened. They cost no statement."""
    return {
        "application_name": application_name,
        "lock_timeout": _milliseconds(limits.lock_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(limits.idle_in_transaction_seconds),
        "statement_timeout": _milliseconds(limits.statement_seconds),
        "idle_session_timeout": _milliseconds(limits.idle_seconds),
    } | _KEEPALIVES


async def connect(
    dsn: str, application_name: str, limits: ConnectionLimits = OF_THE_OWNER, **options: Any
) -> "asyncpg.Connection[asyncpg.Record]":
    """Open one connection beside the pool, with the limits of a command. `options` are those of the driver."""
    return await asyncpg.connect(dsn, server_settings=connection_settings(application_name, limits), **options)


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
