"""The scripts of `deploy/`, executed if their programs are installed."""

import asyncio
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from tests.paths import ROOT
from workers.embedded.postgres import EmbeddedPostgres, packaged_bin_dir
from workers.embedded.temporal import SEARCH_ATTRIBUTES, EmbeddedTemporal, packaged_binary

DEPLOY = ROOT / "deploy"
RETENTION_SECONDS = 90 * 24 * 3600
SCHEMA_TOOL = """#!/bin/sh
echo "$@" >> "$CALLS"
"""


async def run(script: str, environment: dict[str, str]) -> str:
    """Run a script to its end with only this environment; return its output."""
    outcome = await asyncio.to_thread(
        subprocess.run,
        [str(DEPLOY / script)],
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
            "GOLDENHOUR_OWNER_PASSWORD": "it's \\ odd",
            "GOLDENHOUR_DB_PASSWORD": "odd: 'too'",
        }
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
    await run("temporal-schema.sh", {"PATH": f"{tmp_path}:{os.defpath}", "CALLS": str(calls)})
    said = [line.split() for line in calls.read_text().splitlines()]
    assert [(call[1], call[2]) for call in said] == [
        (database, step)
        for database in ("temporal", "temporal_visibility")
        for step in ("create-database", "setup-schema", "update-schema")
    ]
