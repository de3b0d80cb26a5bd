"""The embedded Temporal server: its state survives a stop and a kill, and its settings equal those of production."""

import socket
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from workers.embedded import temporal as module
from workers.embedded.temporal import LOOPBACK, EmbeddedTemporal, free_port
from workers.processes import ChildFailed

DISTRICT = SearchAttributeKey.for_keyword("District")


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedTemporal]:
    async with EmbeddedTemporal(tmp_path_factory.mktemp("temporal") / "state.db", ui=True) as running:
        yield running


async def start_waiting_workflow(client: Client, workflow_id: str) -> None:
    """A workflow that no worker runs, so it waits; the test only needs the server to remember it."""
    await client.start_workflow(
        "Waits",
        id=workflow_id,
        task_queue="nobody",
        search_attributes=TypedSearchAttributes([SearchAttributePair(DISTRICT, "LUCKNOW")]),
    )


async def test_namespace_and_search_attributes_are_ready(server: EmbeddedTemporal) -> None:
    client = await Client.connect(server.address, namespace=server.namespace)
    answer = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="goldenhour"))
    assert answer.namespace_info.name == "goldenhour"
    await start_waiting_workflow(client, "attributes")


@pytest.mark.parametrize("fault", ["stop", "kill"])
async def test_workflows_survive(server: EmbeddedTemporal, fault: str) -> None:
    client = await Client.connect(server.address, namespace=server.namespace)
    await start_waiting_workflow(client, f"survives-{fault}")
    address = server.address
    await (server.stop() if fault == "stop" else server.kill())
    assert not server.process.is_running
    await server.restart()
    assert server.address == address
    again = await Client.connect(server.address, namespace=server.namespace)
    description = await again.get_workflow_handle(f"survives-{fault}").describe()
    assert description.status == WorkflowExecutionStatus.RUNNING
    assert description.typed_search_attributes[DISTRICT] == "LUCKNOW"


async def test_the_web_interface_is_local(server: EmbeddedTemporal) -> None:
    assert server.ui_url is not None
    assert server.ui_url.startswith(f"http://{LOOPBACK}:")
    with urllib.request.urlopen(server.ui_url) as page:
        assert page.status == 200


async def test_memory_is_known(server: EmbeddedTemporal) -> None:
    assert server.process.memory_bytes() > 50_000_000


async def test_a_taken_port_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_LIMIT_SECONDS", 0.0)
    with socket.create_server((LOOPBACK, 0)) as taken, pytest.raises(ChildFailed, match="address already in use"):
        await EmbeddedTemporal(tmp_path / "state.db", taken.getsockname()[1]).start()


async def test_a_lost_race_for_a_port_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        ports = iter([taken.getsockname()[1], free_port()])
        monkeypatch.setattr(module, "free_port", lambda: next(ports))
        async with EmbeddedTemporal(tmp_path / "state.db") as server:
            assert server.port != taken.getsockname()[1]


async def test_another_server_is_not_taken_for_ours(
    server: EmbeddedTemporal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_LIMIT_SECONDS", 0.0)
    stranger = EmbeddedTemporal(tmp_path / "state.db", server.port)
    with pytest.raises(ChildFailed, match="address already in use"):
        await stranger.start()


async def test_a_missing_binary_is_said(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="exit code 125"):
        await EmbeddedTemporal(tmp_path / "state.db", binary=tmp_path / "temporal").start()
