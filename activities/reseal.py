"""Sealing of every value in the database under the current secret key, after the secret key was changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from activities.secrets import CannotOpen, Purpose, Sealer, SecretBox
from db import sealed as sealed_values
from db.pool import Pool
from db.sealed import BANK_CREDENTIALS, TOTP_SECRETS, SealedColumn, SealedRow
from domain.errors import RuleBroken

BATCH: Final = 100
SEALED_FOR: Final[Mapping[SealedColumn, Purpose]] = {
    BANK_CREDENTIALS: Purpose.SEALING,
    TOTP_SECRETS: Purpose.TOTP_SECRETS,
}
"""every sealed column, with the purpose of the key that seals it"""

Report = Callable[[str, int], None]


class KeyNotKnownEverywhere(RuleBroken):
    """A process runs that does not know the current secret key, and could not open what it seals."""

    def __init__(self, addresses: Sequence[str]) -> None:
        super().__init__(
            f"{self.__doc__} Give every process its new key and restart it. Connected from: {', '.join(addresses)}"
        )


@dataclass(frozen=True)
class Resealed:
    """Result for one column."""

    column: str
    resealed: int
    """values sealed in this run under the current key"""
    current: int
    """values under the current key in all"""
    others: int
    """values under another key, which this run could not open or another transaction had locked"""
    unopened: tuple[str, ...]
    """rows whose values open under neither key"""

    @property
    def is_complete(self) -> bool:
        """Return whether the previous secret key is needed no more for this column."""
        return self.others == 0


async def reseal(pool: Pool, secret_box: SecretBox, report: Report = lambda column, done: None) -> list[Resealed]:
    """Seal every value under the current secret key, in batches of one transaction each; return the result.

    It may end at any moment: each value is then under the one key or the other, and a further call does the rest. A
    value that opens under neither key stays as it is. `report` is called after each batch with the column and the
    number of values sealed so far. Raises `KeyNotKnownEverywhere`; then the batch is not written.
    """
    return [await _reseal_column(pool, secret_box, column, report) for column in SEALED_FOR]


async def _reseal_column(pool: Pool, secret_box: SecretBox, column: SealedColumn, report: Report) -> Resealed:
    sealer = secret_box.sealer(SEALED_FOR[column])
    after: tuple[str, ...] = ()
    done = 0
    unopened: list[str] = []
    while True:
        async with pool.acquire() as connection, connection.transaction():
            # Looked up again for each batch, because a process may have started since.
            if addresses := await sealed_values.addresses_without(connection, secret_box.key_ids[0]):
                raise KeyNotKnownEverywhere(addresses)
            rows = await sealed_values.lock_some(connection, column, sealer.header, after, BATCH)
            renewed = [_resealed(sealer, row) for row in rows]
            await sealed_values.write(connection, column, [row for row in renewed if row is not None])
        if not rows:
            break
        after = rows[-1].key
        done += sum(row is not None for row in renewed)
        unopened += ["/".join(row.key) for row, new in zip(rows, renewed, strict=True) if new is None]
        report(column.name, done)
    async with pool.acquire() as connection:
        current, others = await sealed_values.count(connection, column, sealer.header)
    return Resealed(column.name, done, current, others, tuple(unopened))


def _resealed(sealer: Sealer, row: SealedRow) -> SealedRow | None:
    """Return the row with its value under the current key, or None if it opens under neither."""
    try:
        plain = sealer.open(row.sealed, row.owner)
    except CannotOpen:
        return None
    return SealedRow(row.key, row.owner, sealer.seal(plain, row.owner))
