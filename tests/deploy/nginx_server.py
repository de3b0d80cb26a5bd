"""Debian's nginx under `deploy/nginx.conf`, on loopback, between a client with TLS and two recording processes."""

import asyncio
import getpass
import grp
import os
import re
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.asgi_server import served
from tests.certificates import Authority, Certificate
from tests.debian_programs import debian_program
from tests.paths import ROOT
from workers.embedded.temporal import free_port

LOOPBACK = "127.0.0.1"
HOSTS = ("desk.police.example", "my.police.example", "bank.police.example")
DESK, MY, BANK = HOSTS
CONFIGURATION = (ROOT / "deploy" / "nginx.conf").read_text()
OPTION = ROOT / "deploy" / "nginx-bank-certificates.conf"
PATIENCE_SECONDS = 20.0


# -- the processes behind ----------------------------------------------------------------------------------------------


@dataclass
class Arrived:
    """One request that came through."""

    process: str
    method: str
    path: str
    target: str
    """path and query as they came, without decoding"""
    headers: dict[str, str]
    body: bytes


@dataclass
class Process:
    """A process of the API that records what comes, and what it answers besides."""

    name: str
    arrived: list[Arrived]
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    parts: asyncio.Queue[bytes] | None = None
    """the parts of a response that goes on; an empty part ends it"""
    statuses: dict[str, int] = field(default_factory=dict)
    """the status of a path, if it is not 200"""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        target = f"{scope['raw_path'].decode()}?{scope['query_string'].decode()}"
        self.arrived.append(Arrived(self.name, scope["method"], scope["path"], target, headers, body))
        length = [(b"content-length", str(len(self.name)).encode())] if self.parts is None else []
        await send(
            {
                "type": "http.response.start",
                "status": self.statuses.get(scope["path"], 200),
                "headers": self.headers + length,
            }
        )
        while self.parts is not None and (part := await self.parts.get()):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": self.name.encode()})


# -- the client --------------------------------------------------------------------------------------------------------


@dataclass
class Answer:
    """A response that was read to its end."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for found, value in self.headers if found == name]


def parsed(raw: bytes) -> Answer:
    """Read a whole response."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = [line.partition(":")[::2] for line in lines]
    return Answer(int(first.split(" ")[1]), [(name.lower(), value.strip()) for name, value in pairs], body)


@dataclass
class Nginx:
    """The running nginx, what came through it, and a client with TLS."""

    port: int
    plain_port: int
    authority: Path
    folder: Path
    arrived: list[Arrived]
    intake: Process
    officers: Process
    banks: Authority

    def tls(self, certificate: Certificate | None = None) -> ssl.SSLContext:
        """A client's TLS, which trusts the test's authority only."""
        context = ssl.create_default_context(cafile=str(self.authority))
        if certificate is not None:
            context.load_cert_chain(certificate.certificate, certificate.key)
        return context

    async def connect(
        self, name: str, tls: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection to the server with this name."""
        return await asyncio.open_connection(LOOPBACK, self.port, ssl=tls or self.tls(), server_hostname=name)

    async def call(
        self,
        host: str,
        path: str,
        method: str = "GET",
        body: bytes = b"",
        *,
        name: str | None = None,
        tls: ssl.SSLContext | None = None,
        **headers: str,
    ) -> Answer:
        """Send a request, and read the response to its end. `name` is that of the handshake if it is another."""
        reader, writer = await self.connect(name or host, tls)
        writer.write(head(host, path, method, len(body), **headers) + body)
        async with asyncio.timeout(PATIENCE_SECONDS):
            raw = await reader.read()
        writer.close()
        return parsed(raw)


def head(host: str, path: str, method: str = "POST", length_bytes: int = 0, **headers: str) -> bytes:
    """The head of a request after which the connection closes."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"Content-Length: {length_bytes}"] if length_bytes else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


# -- nginx itself ------------------------------------------------------------------------------------------------------


def configured(folder: Path, port: int, plain_port: int, intake: str, officers: str) -> str:
    """Return `deploy/nginx.conf` with the addresses, ports and paths of this test."""
    changes = {
        "user www-data;": f"user {getpass.getuser()} {grp.getgrgid(os.getgid()).gr_name};",
        "pid /run/nginx.pid;": f"pid {folder}/nginx.pid;",
        "/var/log/nginx/error.log": f"{folder}/error.log",
        "/run/goldenhour-nginx-bodies": f"{folder}/bodies",
        "/etc/goldenhour/": f"{folder}/",
        "server 127.0.0.1:8081;": f"server {urlsplit(intake).netloc};",
        "server 127.0.0.1:8080;": f"server {urlsplit(officers).netloc};",
        "listen 443 ": f"listen {LOOPBACK}:{port} ",
        "listen 80": f"listen {LOOPBACK}:{plain_port}",
        "http {\n": "http {\n" + "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in TEMP_PATHS),
    }
    text = re.sub(r"^\s*listen \[::\]:.*\n", "", CONFIGURATION, flags=re.MULTILINE)
    for written, changed in changes.items():
        assert written in text, written
        text = text.replace(written, changed)
    return text


TEMP_PATHS = ("proxy", "fastcgi", "uwsgi", "scgi")
"""folders whose default only root can write"""


@asynccontextmanager
async def running_nginx(folder: Path, *, asks_banks_certificates: bool = False) -> AsyncIterator[Nginx]:
    """Run nginx as long as the block runs."""
    command = debian_program("nginx")
    arrived: list[Arrived] = []
    intake, officers = Process("intake", arrived), Process("officers", arrived)
    (folder / "tls").mkdir()
    (folder / "nginx").mkdir()
    authority, banks = Authority(folder), Authority(folder, "banks")
    site = authority.certificate("site", *HOSTS)
    site.certificate.rename(folder / "tls" / "certificate.pem")
    site.key.rename(folder / "tls" / "key.pem")
    shutil.copy(banks.file, folder / "tls" / "banks-ca.pem")
    if asks_banks_certificates:
        option = OPTION.read_text().replace("/etc/goldenhour/", f"{folder}/")
        (folder / "nginx" / "bank-certificates.conf").write_text(option)
    async with AsyncExitStack() as stack:
        intake_url = await stack.enter_async_context(served(intake))
        officers_url = await stack.enter_async_context(served(officers))
        port, plain_port = free_port(), free_port()
        (folder / "nginx.conf").write_text(configured(folder, port, plain_port, intake_url, officers_url))
        await stack.enter_async_context(_started(command, folder, port))
        yield Nginx(port, plain_port, authority.file, folder, arrived, intake, officers, banks)


@asynccontextmanager
async def _started(command: str, folder: Path, port: int) -> AsyncIterator[None]:
    arguments = ["-c", str(folder / "nginx.conf"), "-e", str(folder / "start.log"), "-g", "daemon off;"]
    process = await asyncio.create_subprocess_exec(command, *arguments, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await _listens(port):
                if process.returncode is not None:
                    assert process.stderr is not None
                    pytest.fail(f"nginx ended: {(await process.stderr.read()).decode()}")
                await asyncio.sleep(0.02)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True
