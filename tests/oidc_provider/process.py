"""An OpenID provider that runs as a process of its own on loopback."""

import asyncio
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlsplit

import httpx
import orjson

from tests.oidc_provider.packages import PROGRAM, installed, node

PATIENCE_SECONDS = 120.0
PASSWORD = "the password at the provider"
PAGES_MAX = 12


@dataclass
class OidcProvider:
    """A running provider."""

    _process: Process
    _log: IO[bytes]
    issuer: str = ""

    async def change(self, **changes: Any) -> None:
        """Change what the provider's program takes. Each account gets `PASSWORD`."""
        assert self._process.stdin is not None, "a pipe"
        assert self._process.stdout is not None, "a pipe"
        if "accounts" in changes:
            changes["accounts"] = {name: one | {"password": PASSWORD} for name, one in changes["accounts"].items()}
        self._process.stdin.write(orjson.dumps(changes) + b"\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = await self._process.stdout.readline()
        assert line, f"the provider ended: {self.log()}"
        self.issuer = orjson.loads(line)["issuer"]

    def log(self) -> str:
        """Return what the provider said about itself."""
        self._log.seek(0)
        return self._log.read().decode()

    async def new_key(self) -> None:
        """Give the provider a new key for its tokens, and remove the old one."""
        await self.change(newKey=True)


@asynccontextmanager
async def running(clients: list[dict[str, Any]], accounts: dict[str, dict[str, Any]]) -> AsyncIterator[OidcProvider]:
    """Run a provider with these clients and accounts."""
    program, _ = node()
    folder = installed()
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            str(program), str(folder / PROGRAM), stdin=PIPE, stdout=PIPE, stderr=log
        )
        try:
            provider = OidcProvider(process, log)
            await provider.change(clients=clients, accounts=accounts)
            yield provider
        finally:
            process.kill()
            await process.wait()


@dataclass
class Browser:
    """A browser at the provider, which keeps the provider's cookies."""

    back: str
    """the address at which the provider sends browsers back"""
    client: httpx.AsyncClient
    shown: list[str] = field(default_factory=list)
    """the forms that were shown: `login` and `consent`"""

    async def go(self, address: str, account: str, *, password: str = PASSWORD, answer: str = "yes") -> str:
        """Go to the provider and fill in its forms; return the path and query with which it sends the browser back."""
        response = await self.client.get(address)
        for _ in range(PAGES_MAX):
            if response.next_request is None:
                response = await self._fill_in(response, account, password, answer)
                continue
            there = str(response.next_request.url)
            if there.startswith(self.back):
                parts = urlsplit(there)
                return f"{parts.path}?{parts.query}"
            response = await self.client.send(response.next_request)
        raise AssertionError("the provider does not send the browser back")

    async def _fill_in(self, page: httpx.Response, account: str, password: str, answer: str) -> httpx.Response:
        assert page.status_code == httpx.codes.OK, page.text
        is_login = 'name="password"' in page.text
        self.shown.append("login" if is_login else "consent")
        fields = {"account": account, "password": password} if is_login else {"answer": answer}
        return await self.client.post(page.url, data=fields)


@asynccontextmanager
async def browsing(back: str) -> AsyncIterator[Browser]:
    """Open a browser that no provider knows."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as client:
        yield Browser(back, client)
