"""Temporal and PostgreSQL are reached over TLS, their certificates are checked, and ours is shown."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from db.pool import open_pool
from tests.certificates import LOOPBACK, Authority, Certificate, server_context
from tests.workers.command_line import invoke
from tests.workers.tls_fronts import before_postgres, before_temporal, refusing
from workers.commands.failures import explain
from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.temporal import EmbeddedTemporal
from workers.settings import Settings, SettingsError
from workers.temporal import connect_to
from workers.temporal_access import temporal_trouble

Files = dict[str, Any]
ENDED = "it may ask for another client certificate"


class World:
    """A Temporal server that asks for client certificates, and the files of those who may enter."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.stranger = Authority(folder, "stranger")
        self.server = self.authority.certificate("server")
        self.client = self.authority.certificate("client")
        self.forged = self.stranger.certificate("forged")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def mutual(temporal_server: EmbeddedTemporal, world: World) -> AsyncIterator[str]:
    """Address of a Temporal server that asks for a client certificate."""
    async with before_temporal(temporal_server.port, server_context(world.server, world.authority)) as address:
        yield address


def access(address: str, namespace: str, authority: Path | None = None, shown: Certificate | None = None) -> Settings:
    files: Files = {"temporal_ca": authority} if authority else {}
    files |= {"temporal_certificate": shown.certificate, "temporal_private_key": shown.key} if shown else {}
    return Settings.model_validate({"temporal_address": address, "temporal_namespace": namespace, **files})


async def describe(client: Client) -> str:
    answer = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return answer.namespace_info.name


async def test_h9_temporal_is_reached_with_both_certificates_checked(
    mutual: str, temporal_server: EmbeddedTemporal, world: World
) -> None:
    settings = access(mutual, temporal_server.namespace, world.authority.file, world.client)
    for lazy in (False, True):
        assert await describe(await connect_to(settings, lazy=lazy)) == temporal_server.namespace


@pytest.mark.parametrize(
    ("authority", "shown", "said"),
    [
        ("stranger", "client", "its certificate is not of an authority in GOLDENHOUR_TEMPORAL_CA"),
        (None, "client", "its certificate is not of an authority in GOLDENHOUR_TEMPORAL_CA"),
        ("authority", None, "it asks for a client certificate, GOLDENHOUR_TEMPORAL_CERTIFICATE"),
        ("authority", "forged", "it refuses our client certificate, GOLDENHOUR_TEMPORAL_CERTIFICATE"),
    ],
)
async def test_h9_who_cannot_enter_is_told_why(
    world: World, authority: str | None, shown: str | None, said: str
) -> None:
    ca = getattr(world, authority).file if authority else None
    with refusing(server_context(world.server, world.authority)) as address:
        settings = access(address, "goldenhour", ca, getattr(world, shown) if shown else None)
        told = await trouble(settings)
        # A client that still writes when the server ends the connection may lose the server's reason.
        assert said in told or (authority == "authority" and ENDED in told)


@pytest.mark.parametrize("shown", [None, "forged"])
async def test_h9_who_cannot_enter_does_not_enter(
    mutual: str, temporal_server: EmbeddedTemporal, world: World, shown: str | None
) -> None:
    certificate = getattr(world, shown) if shown else None
    settings = access(mutual, temporal_server.namespace, world.authority.file, certificate)
    assert ENDED in await trouble(settings)


async def trouble(settings: Settings) -> str:
    """Return the line by which a command says why it cannot reach Temporal."""
    with pytest.raises((RuntimeError, RPCError)) as caught:
        await describe(await connect_to(settings))
    explained = explain(caught.value)
    assert explained is not None
    return explained[0]


async def test_h9_a_plain_client_does_not_enter(mutual: str, temporal_server: EmbeddedTemporal) -> None:
    with pytest.raises((RuntimeError, RPCError)):
        await describe(await connect_to(access(mutual, temporal_server.namespace)))


async def test_h9_the_name_of_the_server_is_checked(temporal_server: EmbeddedTemporal, world: World) -> None:
    named = world.authority.certificate("named", "temporal.example")
    async with before_temporal(temporal_server.port, server_context(named)) as address:
        settings = access(address, temporal_server.namespace, world.authority.file)
        assert "GOLDENHOUR_TEMPORAL_SERVER_NAME" in await trouble(settings)
        told = settings.model_copy(update={"temporal_server_name": "temporal.example"})
        assert await describe(await connect_to(told)) == temporal_server.namespace


@pytest.mark.parametrize("name", ["temporal_ca", "temporal_certificate", "temporal_private_key"])
async def test_a_file_that_is_no_certificate_is_named(world: World, tmp_path: Path, name: str) -> None:
    (tmp_path / "wrong.pem").write_text("-----BEGIN NONSENSE-----")
    settings = access("127.0.0.1:9", "goldenhour", world.authority.file, world.client)
    with pytest.raises(SettingsError, match=f"GOLDENHOUR_{name.upper()}: the file is not in PEM"):
        await connect_to(settings.model_copy(update={name: tmp_path / "wrong.pem"}))


async def test_the_api_key_is_sent_over_tls(temporal_server: EmbeddedTemporal, world: World) -> None:
    async with before_temporal(temporal_server.port, server_context(world.server)) as address:
        given = {"temporal_address": address, "temporal_ca": world.authority.file, "temporal_api_key": "hunter2"}
        settings = Settings.model_validate({**given, "temporal_namespace": temporal_server.namespace})
        client = await connect_to(settings)
        assert client.service_client.config.api_key == "hunter2"
        assert await describe(client) == temporal_server.namespace
    assert "hunter2" not in repr(settings)


@pytest.fixture
async def secure_dsn(postgres: EmbeddedPostgres, database_dsn: str, world: World) -> AsyncIterator[str]:
    """URL of a database behind TLS, without its certificate authority."""
    async with before_postgres(postgres.port, server_context(world.server)) as port:
        parts = urlsplit(database_dsn)
        user = parts.netloc.rpartition("@")[0]
        yield parts._replace(netloc=f"{user}@{LOOPBACK}:{port}", query="sslmode=verify-full").geturl()


async def test_h9_the_certificate_of_the_database_is_checked(secure_dsn: str, world: World) -> None:
    for authority, opens in ((world.authority, True), (world.stranger, False)):
        url = Settings.model_validate({"database_url": secure_dsn, "database_ca": authority.file}).database_url
        assert url is not None
        if opens:
            async with await open_pool(url.get_secret_value(), min_size=1) as pool:
                assert await pool.fetchval("SELECT 1") == 1
        else:
            with pytest.raises(OSError, match="certificate verify failed"):
                await open_pool(url.get_secret_value(), min_size=1)


async def test_a_command_says_that_the_certificate_of_the_database_is_wrong(secure_dsn: str, world: World) -> None:
    good = await invoke("verify", database_url=secure_dsn, database_ca=str(world.authority.file))
    assert (good.exit_code, good.stdout.startswith("clean")) == (0, True)
    wrong = await invoke("verify", database_url=secure_dsn, database_ca=str(world.stranger.file))
    assert (wrong.exit_code, "certificate verify failed" in wrong.stderr) == (1, True)
    assert wrong.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "end",
    [
        'Error { kind: UnexpectedEof, error: "peer closed: unexpected-eof" }',
        'hyper::Error(Io, Custom { kind: BrokenPipe, error: "stream closed because of a broken pipe" })',
        'Os { code: 104, kind: ConnectionReset, message: "Connection reset by peer" }',
        'hyper::Error(Canceled, "connection closed")',
    ],
)
def test_every_way_in_which_a_connection_ends_has_the_same_text(end: str) -> None:
    assert ENDED in temporal_trouble(RuntimeError(f"Failed client connect: {end}"))
