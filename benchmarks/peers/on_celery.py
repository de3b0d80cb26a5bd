"""The flow on Celery with RabbitMQ: an intake that publishes batches, and workers. Runs in the peers' environment.

The intake replies after the publisher's confirm. A worker acknowledges a batch after it, so a killed worker's batches
are delivered again.
"""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from celery import Celery
from celery.signals import worker_ready
from kombu import Queue

from benchmarks.peers.flow import Flow
from benchmarks.peers.intake import application, serve

BATCH_LIMIT_SECONDS: Final = 120.0
PUBLISHERS: Final = 8
RETRY_SECONDS: Final = 1

app = Celery("goldenhour-peer", broker=os.environ["PEER_BROKER_URL"])
app.conf.update(
    task_queues=[Queue("batches", durable=True, queue_arguments={"x-queue-type": os.environ["PEER_QUEUE_TYPE"]})],
    task_default_queue="batches",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    broker_transport_options={"confirm_publish": True},
    broker_pool_limit=PUBLISHERS,
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=int(os.environ["PEER_PREFETCH"]),
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
)


class WorkerLoop:
    """The event loop of a worker process, in a thread of its own, with one flow for all tasks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._flow: Flow | None = None

    def ask(self, requests: list[str]) -> None:
        """Ask the banks of a batch; return when all is recorded."""
        # The first tasks of several threads may begin at once.
        with self._lock:
            if self._flow is None:
                threading.Thread(target=self._loop.run_forever, daemon=True).start()
                self._flow = asyncio.run_coroutine_threadsafe(_open(), self._loop).result(BATCH_LIMIT_SECONDS)
        asyncio.run_coroutine_threadsafe(self._flow.ask(requests), self._loop).result(BATCH_LIMIT_SECONDS)


WORKER_LOOP: Final = WorkerLoop()
"""started by the first task, and so in each worker process after its fork"""


async def _open() -> Flow:
    settings = os.environ
    return await Flow.open(settings["PEER_DSN"], settings["PEER_BANK_URL"], int(settings["PEER_CONNECTIONS"]))


@app.task(name="batch", autoretry_for=(Exception,), max_retries=None, default_retry_delay=RETRY_SECONDS)
def batch(requests: list[str]) -> None:
    """Ask the banks of a batch."""
    WORKER_LOOP.ask(requests)


@worker_ready.connect
def say_ready(**_: object) -> None:
    """Write the file that says so, since a worker has no port."""
    Path(os.environ["PEER_READY_FILE"]).touch()


async def main() -> None:
    """Serve the intake with the settings of the environment."""
    with ThreadPoolExecutor(PUBLISHERS) as publishers:

        async def carry(key: str, requests: list[str]) -> None:
            """Publish a batch; return when the broker has confirmed it."""

            def publish() -> None:
                batch.apply_async((requests,), task_id=key)

            await asyncio.get_running_loop().run_in_executor(publishers, publish)

        await serve(application(await _open(), carry), os.environ["PEER_HOST"], int(os.environ["PEER_PORT"]))


if __name__ == "__main__":
    asyncio.run(main())
