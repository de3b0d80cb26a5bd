"""A database and a Temporal namespace of its own for a whole engine, on servers that other tests use too."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workers.embedded.postgres import APPLICATION, EmbeddedPostgres
from workers.embedded.temporal import SEARCH_ATTRIBUTES, EmbeddedTemporal
from workflows import options

KEPT_SECONDS = 86_400
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Ground:
    """Where one engine keeps everything: addresses of a migrated, empty database and of an empty namespace."""

    database_url: str
    migration_url: str
    temporal_address: str
    temporal_namespace: str


@dataclass(frozen=True)
class Grounds:
    """Makes grounds on one PostgreSQL and one Temporal server."""

    postgres: EmbeddedPostgres
    template: str
    temporal: EmbeddedTemporal

    @asynccontextmanager
    async def made(self) -> AsyncIterator[Ground]:
        """Make a database from the template and register a namespace; nothing of them costs anything afterwards."""
        name = f"world_{next(_numbers)}"
        owner_url = await self.postgres.create_database(name, self.template)
        namespace = name.replace("_", "-")
        await register(self.temporal.address, namespace)
        yield Ground(self.postgres.dsn_for(name, APPLICATION), owner_url, self.temporal.address, namespace)
        await end_schedules(await Client.connect(self.temporal.address, namespace=namespace))
        await self.postgres.drop_database(name)


async def end_schedules(client: Client) -> None:
    """Remove the schedules of an engine that is gone, which would start work every minute on a shared server."""
    for schedule_id in (options.SWEEP_SCHEDULE_ID, options.RECONCILIATION_SCHEDULE_ID):
        try:
            await client.get_schedule_handle(schedule_id).delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


async def register(address: str, namespace: str) -> None:
    """Register a namespace that has the product's search attributes."""
    client = await Client.connect(address, namespace=namespace)
    kept = Duration(seconds=KEPT_SECONDS)
    request = RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=kept)
    await client.workflow_service.register_namespace(request)
    kinds = {"Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD, "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT}
    attributes = {name: kinds[kind] for name, kind in SEARCH_ATTRIBUTES.items()}
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=namespace, search_attributes=attributes)
    )
