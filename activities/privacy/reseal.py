"""Sealing of every value in the database under the current secret key, after the secret key was changed.

The digests of search terms are made again too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from activities.privacy.person_keys import PersonKeys
from activities.secrets import CannotOpen, Purpose, Sealer, SecretBox
from db.pool import Connection, Pool
from db.privacy import body_keys as sealed_values
from db.privacy import person_keys
from db.privacy.body_keys import BANK_CREDENTIALS, PERSON_KEYS, TOTP_SECRETS, SealedColumn, SealedRow
from db.privacy.person_keys import StoredPerson
from domain.errors import RuleBroken

BATCH: Final = 100
SEALED_FOR: Final[Mapping[SealedColumn, Purpose]] = {
    BANK_CREDENTIALS: Purpose.SEALING,
    TOTP_SECRETS: Purpose.TOTP_SECRETS,
    PERSON_KEYS: Purpose.PERSON_KEYS,
}
"""every sealed column, with the purpose of the key that seals it"""

_TERMS: Final = "victim.terms"

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
    value that opens under neither key stays as it is. The search terms of victims come last. `report` is called after
    each batch with the column and the number of values so far. Raises `KeyNotKnownEverywhere`; then the batch is not
    written.
    """
    resealed = [await _reseal_column(pool, secret_box, column, report) for column in SEALED_FOR]
    return [*resealed, await _find_again(pool, secret_box, report)]


async def _reseal_column(pool: Pool, secret_box: SecretBox, column: SealedColumn, report: Report) -> Resealed:
    sealer = secret_box.sealer(SEALED_FOR[column])
    after: tuple[str, ...] = ()
    done = 0
    unopened: list[str] = []
    while True:
        async with pool.acquire() as connection, connection.transaction():
            await _refuse_strangers(connection, secret_box)
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


async def _find_again(pool: Pool, secret_box: SecretBox, report: Report) -> Resealed:
    """Make the digests of victims' search terms again with the current secret key."""
    persons = PersonKeys(secret_box)
    after, done = 0, 0
    unopened: list[str] = []
    while True:
        async with pool.acquire() as connection, connection.transaction():
            await _refuse_strangers(connection, secret_box)
            rows = await person_keys.lock_with_other_terms(connection, persons.terms_key, after, BATCH)
            terms = {row.victim_id: _search_terms(persons, row.person) for row in rows}
            known = [(victim_id, digests) for victim_id, digests in terms.items() if digests is not None]
            await person_keys.put_terms(connection, known, persons.terms_key)
        if not rows:
            break
        after = rows[-1].victim_id
        done += len(known)
        unopened += [str(victim_id) for victim_id, digests in terms.items() if digests is None]
        report(_TERMS, done)
    async with pool.acquire() as connection:
        current, others = await person_keys.count_terms(connection, persons.terms_key)
    return Resealed(_TERMS, done, current, others, tuple(unopened))


def _search_terms(persons: PersonKeys, person: StoredPerson) -> tuple[bytes, ...] | None:
    try:
        return persons.terms(persons.open(person))
    except CannotOpen:
        return None


async def _refuse_strangers(connection: Connection, secret_box: SecretBox) -> None:
    """Raise `KeyNotKnownEverywhere`. Looked up again for each batch, because a process may have started since."""
    if addresses := await sealed_values.addresses_without(connection, secret_box.key_ids[0]):
        raise KeyNotKnownEverywhere(addresses)


def _resealed(sealer: Sealer, row: SealedRow) -> SealedRow | None:
    """Return the row with its value under the current key, or None if it opens under neither."""
    try:
        plain = sealer.open(row.sealed, row.owner)
    except CannotOpen:
        return None
    return SealedRow(row.key, row.owner, sealer.seal(plain, row.owner))
