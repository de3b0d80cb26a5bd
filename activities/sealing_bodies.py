"""Sealing of bodies of messages and of lines of answers that a release before wrote in clear."""

from collections.abc import Iterable
from typing import Final

from activities.bodies import BankSealers, BodySealer, sealer_of_case
from activities.person_keys import PersonKeys
from db import body_keys, clear_bodies, clock
from db.body_keys import BODY, BodyKey, CaseKey
from db.clear_bodies import ClearBody, ClearRow
from db.pool import Connection

BATCH: Final = 20
"""rows of a transaction; a body has up to some megabytes"""


class RowSealers:
    """The sealers of rows: of their cases, and of their banks."""

    def __init__(self, persons: PersonKeys) -> None:
        self._persons = persons
        self._banks = BankSealers()

    async def of_bank(self, connection: Connection, institution: str) -> BodySealer:
        """Return the sealer of a bank, and write its key if it is new."""
        return await self._banks.stored(self._persons, connection, institution, await clock.present_moment(connection))

    async def of_cases(self, connection: Connection, cases: Iterable[CaseKey]) -> dict[str, BodySealer]:
        """Return the sealers of cases, and write the keys that are new."""
        known = {case.case_no: case for case in cases}
        sealers = {case_no: sealer_of_case(self._persons, case) for case_no, case in known.items()}
        await body_keys.put(connection, [sealer.key for sealer in sealers.values()])
        return sealers


class BodySealing:
    """The sealing of batches of bodies."""

    def __init__(self, persons: PersonKeys) -> None:
        self._sealers = RowSealers(persons)

    async def exchanges(self, connection: Connection, after: int) -> list[int]:
        """Seal some exchanges behind a number; return the numbers of the locked rows."""
        rows = await clear_bodies.lock_exchanges(connection, after, BATCH)
        sealers = await self._of_cases(connection, rows)
        unsealed = [(row, sealers[row.case_no or ""]) for row in rows if not row.is_sealed]
        await clear_bodies.seal_exchanges(
            connection, [(row.row_id, sealer.parts(row.body, row.content, row.reply)) for row, sealer in unsealed]
        )
        return [row.row_id for row in rows]

    async def received(self, connection: Connection, after: int) -> list[int]:
        """Seal some bodies of the I4C wire and of files, as `exchanges` does."""
        rows = await clear_bodies.lock_received(connection, after, BATCH)
        await clear_bodies.seal_received(connection, await self._bodies(connection, rows))
        return [row.row_id for row in rows]

    async def statements(self, connection: Connection, after: int) -> list[int]:
        """Seal some bodies of banks' requests, as `exchanges` does."""
        rows = await clear_bodies.lock_statements(connection, after, BATCH)
        await clear_bodies.seal_statements(connection, await self._bodies(connection, rows))
        return [row.row_id for row in rows]

    async def forms(self, connection: Connection, after: int) -> list[int]:
        """Seal some forms of banks, as `exchanges` does."""
        rows = await clear_bodies.lock_forms(connection, after, BATCH)
        sealers = await self._of_cases(connection, rows)
        unsealed = [(row, sealers[row.case_no or ""]) for row in rows if not row.is_sealed]
        await clear_bodies.seal_forms(
            connection,
            [(row.row_id, sealer.form_text(row.form.encode(), row.body, row.digest)) for row, sealer in unsealed],
        )
        return [row.row_id for row in rows]

    async def lines(self, connection: Connection, after: int) -> list[int]:
        """Seal some lines of answers, as `exchanges` does."""
        rows = await clear_bodies.lock_lines(connection, after, BATCH)
        sealers = await self._of_cases(connection, rows)
        unsealed = [(row, sealers[row.case_no or ""]) for row in rows if not row.is_sealed]
        await clear_bodies.seal_lines(
            connection, [(row, sealer.key, sealer.line_text(row.natural_key, row.raw)) for row, sealer in unsealed]
        )
        return [row.row_id for row in rows]

    async def _bodies(self, connection: Connection, rows: list[ClearBody]) -> list[tuple[int, BodyKey, bytes]]:
        """Seal bodies under the keys of their cases; those of no single case under a key of the bank."""
        sealers = await self._of_cases(connection, rows)
        sealed = []
        for row in rows:
            if not row.is_sealed:
                of_case = sealers.get(row.case_no or "")
                sealer = of_case or await self._sealers.of_bank(connection, row.institution)
                sealed.append((row.row_id, sealer.key, sealer.body(BODY, row.body).sealed))
        return sealed

    async def _of_cases(self, connection: Connection, rows: Iterable[ClearRow]) -> dict[str, BodySealer]:
        cases = [row.case for row in rows if row.case and not row.is_sealed]
        return await self._sealers.of_cases(connection, cases)
