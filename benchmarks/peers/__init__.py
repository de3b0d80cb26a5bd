"""`goldenhour bench peers`: the flow of a case on the product, on DBOS, and on Celery with RabbitMQ."""

from typing import Any


async def main(
    complaints: int = 250,
    seconds: float = 60.0,
    rate_per_second: float = 1.0,
    killed: int = 100,
    seed: int = 7,
    engines: str = "goldenhour,dbos,celery",
    tuning: str = "",
) -> dict[str, Any]:
    """Run every engine; return its figures at a steady pace, at once, and with a killed worker.

    `complaints` is the size of the rush, `killed` that of the rush with a kill. `tuning` changes settings of the peers.
    """
    # The peers' own programs import this package without the product's packages.
    from benchmarks.peers.comparison import compare

    return await compare(engines, complaints, seconds, rate_per_second, killed, seed, tuning)
