"""Sealing of documents, and of lines of returned money, that a release before wrote in clear."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from activities.bodies import BodySealer
from activities.person_keys import PersonKeys
from activities.sealing_bodies import BATCH, RowSealers
from db import clear_documents
from db.body_keys import BodyKey
from db.clear_documents import ClearDocument, Key
from db.clear_tables import COURT_ORDERS, FIR_COPIES, WAIVERS, ClearTable
from db.pool import Connection
from db.sealed_documents import COURT_ORDER, FIR_COPY, WAIVER


class DocumentSealing:
    """The sealing of batches of documents."""

    def __init__(self, persons: PersonKeys) -> None:
        self._sealers = RowSealers(persons)

    async def issued(self, connection: Connection, after: UUID) -> list[Key]:
        """Seal some issued documents behind a key; return the keys of the locked rows."""
        rows = await clear_documents.lock_issued(connection, after, BATCH)
        sealers = await self._of_cases(connection, rows)
        unsealed = [(row, sealers[row.case_no or ""]) for row in rows if not row.is_sealed]
        await clear_documents.seal_issued(
            connection, [(row.row_id, sealer.issued_text(row.facts.encode(), row.clear)) for row, sealer in unsealed]
        )
        return [row.row_id for row in rows]

    async def fir_copies(self, connection: Connection, after: str) -> list[Key]:
        """Seal some copies of FIRs, as `issued` does."""
        rows = await clear_documents.lock_fir_copies(connection, after, BATCH)
        found = await self._sealed(connection, FIR_COPIES, FIR_COPY, rows)
        await clear_documents.clear_firs(connection, found)
        return found

    async def court_orders(self, connection: Connection, after: int) -> list[Key]:
        """Seal some orders of courts, as `issued` does."""
        rows = await clear_documents.lock_court_orders(connection, after, BATCH)
        return await self._sealed(connection, COURT_ORDERS, COURT_ORDER, rows)

    async def waivers(self, connection: Connection, after: str) -> list[Key]:
        """Seal some waivers of account holders, as `issued` does."""
        rows = await clear_documents.lock_waivers(connection, after, BATCH)
        return await self._sealed(connection, WAIVERS, WAIVER, rows)

    async def returned(self, connection: Connection, after: int) -> list[Key]:
        """Seal some lines of returned money, as `issued` does; those of no case under a key of the bank."""
        rows = await clear_documents.lock_returned(connection, after, BATCH)
        sealers = await self._of_cases(connection, rows)
        sealed: list[tuple[Key, BodyKey, bytes]] = []
        for row in rows:
            if not row.is_sealed:
                of_case = sealers.get(row.case_no or "")
                sealer = of_case or await self._sealers.of_bank(connection, row.institution)
                sealed.append((row.row_id, sealer.key, sealer.unreadable(row.body_digest, row.line_no, row.clear)))
        await clear_documents.seal_returned(connection, sealed)
        return [row.row_id for row in rows]

    async def _sealed(
        self, connection: Connection, table: ClearTable, kind: str, rows: Sequence[ClearDocument]
    ) -> list[Key]:
        sealers = await self._of_cases(connection, rows)
        unsealed = [(row, sealers[row.case_no or ""]) for row in rows if not row.is_sealed]
        await clear_documents.seal_documents(
            connection, table, [(row.row_id, sealer.document(kind, row.clear)) for row, sealer in unsealed]
        )
        return [row.row_id for row in rows]

    async def _of_cases(self, connection: Connection, rows: Iterable[ClearDocument]) -> dict[str, BodySealer]:
        cases = [row.case for row in rows if row.case and not row.is_sealed]
        return await self._sealers.of_cases(connection, cases)
