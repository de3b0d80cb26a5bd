"""The scripts of `deploy/`, executed if their programs are installed."""

import asyncio
import os
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import yaml
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from activities.secrets import Process
from tests.debian_programs import debian_program
from tests.paths import ROOT
from workers.embedded.postgres import EmbeddedPostgres, packaged_bin_dir
from workers.embedded.temporal import SEARCH_ATTRIBUTES, EmbeddedTemporal, packaged_binary

DEPLOY = ROOT / "deploy"
RETENTION_SECONDS = 90 * 24 * 3600
SCHEMA_TOOL = """#!/bin/sh
echo "$SQL_PASSWORD $@" >> "$CALLS"
"""


async def run(script: str, environment: dict[str, str], *words: str) -> str:
    """Run a script to its end with only this environment; return its output."""
    outcome = await asyncio.to_thread(
        subprocess.run,
        [str(DEPLOY / script), *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout
    return str(outcome.stdout)


async def test_the_namespace_is_made_once_with_its_attributes(
    temporal_server: EmbeddedTemporal, tmp_path: Path
) -> None:
    environment = {
        "PATH": f"{packaged_binary().parent}:{os.defpath}",
        "HOME": str(tmp_path),
        "TEMPORAL_ADDRESS": temporal_server.address,
        "TEMPORAL_NAMESPACE": "made-by-script",
        "RETENTION": "90d",
    }
    await run("temporal-namespace.sh", environment)
    assert await run("temporal-namespace.sh", environment) == ""
    client = await Client.connect(temporal_server.address, namespace="made-by-script")
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="made-by-script"))
    assert described.config.workflow_execution_retention_ttl.seconds == RETENTION_SECONDS
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace="made-by-script")
    )
    kinds = {
        name: IndexedValueType.Name(kind).removeprefix("INDEXED_VALUE_TYPE_").capitalize()
        for name, kind in listed.custom_attributes.items()
    }
    assert {name: kinds.get(name) for name in SEARCH_ATTRIBUTES} == dict(SEARCH_ATTRIBUTES)


async def test_the_database_is_made_and_who_owns_it_is_no_superuser_and_does_not_work_in_it(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "data", durable=False) as server:
        admin = await asyncpg.connect(server.admin_dsn)
        # As on a new machine: the namespace of the embedded launcher is removed first.
        await admin.execute("DROP DATABASE goldenhour")
        await admin.execute("DROP ROLE goldenhour")
        await admin.execute("DROP ROLE goldenhour_app")
        await admin.execute("DROP EXTENSION pg_stat_statements")
        await admin.close()
        environment = {
            "PATH": f"{packaged_bin_dir()}:{os.defpath}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGPASSWORD": urlsplit(server.admin_dsn).password or "",
            "POSTGRES_USER": "postgres",
            "GOLDENHOUR_OWNER_PASSWORD_FILE": str(tmp_path / "owner"),
            "GOLDENHOUR_DB_PASSWORD_FILE": str(tmp_path / "application"),
        }
        (tmp_path / "owner").write_text("it's \\ odd\n")
        (tmp_path / "application").write_text("odd: 'too'")
        assert await run("postgres-init.sh", environment) == ""
        owner, application = [
            await asyncpg.connect(
                host="127.0.0.1", port=server.port, user=user, password=password, database="goldenhour"
            )
            for user, password in (("goldenhour", "it's \\ odd"), ("goldenhour_app", "odd: 'too'"))
        ]
        for one in (owner, application):
            assert await one.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        await owner.execute("CREATE TABLE may_create_tables (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute("CREATE TABLE may_not (id int)")
        await owner.close()
        await application.close()


async def test_both_databases_of_temporal_are_brought_up_to_date(tmp_path: Path) -> None:
    tool = tmp_path / "temporal-sql-tool"
    tool.write_text(SCHEMA_TOOL)
    tool.chmod(0o755)
    calls = tmp_path / "calls"
    (tmp_path / "password").write_text("hunter2\n")
    environment = {"CALLS": str(calls), "SQL_PASSWORD_FILE": str(tmp_path / "password")}
    await run("temporal-schema.sh", {"PATH": f"{tmp_path}:{os.defpath}", **environment})
    said = [line.removeprefix("hunter2 ").split() for line in calls.read_text().splitlines()]
    assert [(call[1], call[2]) for call in said] == [
        (database, step)
        for database in ("temporal", "temporal_visibility")
        for step in ("create-database", "setup-schema", "update-schema")
    ]


async def make_secrets(folder: Path) -> str:
    """Make the secrets of the compose file in a folder; return the output."""
    debian_program("openssl")
    return await run("make-secrets.sh", {"PATH": os.defpath}, str(folder))


async def test_the_secrets_of_the_compose_file_are_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    await make_secrets(folder)
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    declared = set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["secrets"])
    of_processes = {f"{process}_key" for process in Process}
    assert set(made) == declared - of_processes | {"authority_private_key"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "authority_private_key").stat().st_mode & 0o077 == 0
    assert made.pop("alert_mail_password") == b"", "the operator has it"
    drawn = [made[name] for name in made if name.endswith("_password") or name == "secret_key"]
    assert len(drawn) == len(set(drawn)) == 6
    assert all(len(secret) == 64 for secret in drawn)
    assert await make_secrets(folder) == ""
    made["alert_mail_password"] = b""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == made


@pytest.mark.parametrize("host", ["postgres", "temporal"])
async def test_the_certificates_that_are_made_are_good_for_their_hosts(tmp_path: Path, host: str) -> None:
    await make_secrets(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / f"{host}_certificate", tmp_path / f"{host}_private_key")
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(tmp_path / "authority")
    client = ssl.create_default_context(cafile=tmp_path / "authority")
    # As Python 3.13 does without being told.
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_cert_chain(tmp_path / "product_certificate", tmp_path / "product_private_key")
    assert handshake(server, client, host) == ((("commonName", "product"),),)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(server, client, "another")


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> Any:
    """Return the subject of the client's certificate, as the server sees it."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    of_client = client.wrap_bio(to_client, to_server, server_hostname=host)
    of_server = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (of_client, of_server):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    seen = of_server.getpeercert()
    return seen and seen["subject"]
