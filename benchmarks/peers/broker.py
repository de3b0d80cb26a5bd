"""RabbitMQ as a child process: on loopback only, with a folder, a name server and ports of its own.

It uses Debian's package and changes nothing of its service. The package is never installed from here.
"""

import os
import secrets
import shutil
import signal
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workers.embedded.temporal import LOOPBACK, free_port
from workers.home import write_private
from workers.processes import ChildProcess

PROGRAM: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
INSTALL: Final = "RabbitMQ is not installed: on Debian, apt-get install rabbitmq-server"
READY_LIMIT_SECONDS: Final = 90.0
STOP_LIMIT_SECONDS: Final = 30.0
PROBE_LIMIT_SECONDS: Final = 1.0
COOKIE: Final = ".erlang.cookie"


@dataclass(frozen=True)
class Broker:
    """A running broker."""

    url: str
    process: ChildProcess


def missing() -> str:
    """Return what has to be installed before a broker can run, or an empty text."""
    return "" if PROGRAM.is_file() and shutil.which("erl") and shutil.which("epmd") else INSTALL


@asynccontextmanager
async def running_broker(folder: Path) -> AsyncIterator[Broker]:
    """Run a broker with its data in `folder`, and the name server that Erlang needs. Raises `ChildFailed`."""
    names_port, node_port, port = free_port(), free_port(), free_port()
    environment = _environment(folder, names_port, node_port, port)
    epmd = shutil.which("epmd")
    assert epmd is not None, "asked before"
    names = ChildProcess(
        "epmd",
        [epmd, "-address", LOOPBACK, "-port", str(names_port)],
        log_file=folder / "epmd.log",
        environment=environment,
    )
    server = ChildProcess(
        "rabbitmq",
        [str(PROGRAM)],
        log_file=folder / "start.log",
        environment=environment,
        death_signal=signal.SIGTERM,
        working_folder=folder,
    )

    async def names_ready() -> bool:
        return names.listens_on(names_port)

    async def server_ready() -> bool:
        return accepts(port)

    try:
        names.start()
        await names.wait_ready(names_ready)
        server.start()
        await server.wait_ready(server_ready, READY_LIMIT_SECONDS)
        yield Broker(f"amqp://guest:guest@{LOOPBACK}:{port}//", server)
    finally:
        await server.stop(limit_seconds=STOP_LIMIT_SECONDS)
        await names.stop()


def _environment(folder: Path, names_port: int, node_port: int, port: int) -> dict[str, str]:
    """Write the broker's files into the folder; return the environment that names them and nothing of the machine's."""
    folder.mkdir(parents=True)
    write_private(folder / COOKIE, secrets.token_hex(20))
    (folder / COOKIE).chmod(stat.S_IRUSR)
    (folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = {LOOPBACK}:{port}\nlog.file.level = warning\n")
    (folder / "plugins").write_text("[].\n")
    (folder / "rabbitmq-env.conf").touch()
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_EPMD_PORT": str(names_port),
        "RABBITMQ_NODENAME": "peers@localhost",
        "RABBITMQ_DIST_PORT": str(node_port),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {{{LOOPBACK.replace('.', ',')}}}",
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "config"),
    }


def accepts(port: int) -> bool:
    """Return whether a program accepts connections on this port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=PROBE_LIMIT_SECONDS):
            return True
    except OSError:
        return False
