"""Tables in which a release before wrote personal data and bodies in clear, and the clearing of what is sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from db.pool import Connection


@dataclass(frozen=True)
class ClearTable:
    """A table with personal data that may be in clear."""

    what: str
    """what its rows are, for people"""
    name: str
    key: str
    """the columns of its primary key; a key of several columns is compared as one text"""
    first: int | UUID | str
    """a value of the key below every row"""
    sealed: str
    """its column with what is sealed"""
    trigger: str
    """clears the text of a row that is sealed and written"""
    row: str
    """alias of its row in `in_clear`"""
    in_clear: str
    """SQL of its rows in clear, from `FROM` on"""

    @property
    def locked(self) -> str:
        """Return SQL that follows a list of columns: some rows in clear behind key `$1`, at most `$2`.

        A row that another transaction has locked is left out.
        """
        key = self.key_of(f"{self.row}.")
        return f"{self.in_clear} AND {key} > $1 ORDER BY {key} LIMIT $2 FOR UPDATE OF {self.row} SKIP LOCKED"

    def key_of(self, row: str = "") -> str:
        """Return SQL for the key of a row, whose columns have the prefix `row`."""
        columns = [f"{row}{column}" for column in self.key.split(", ")]
        return columns[0] if len(columns) == 1 else f"concat_ws(' ', {', '.join(columns)})"


# While two releases ran, rows were written in clear and sealed at once. These are in clear too.
VICTIMS: Final = ClearTable(
    "victims",
    "victim",
    "victim_id",
    0,
    "sealed",
    "victim_sealed",
    "v",
    "FROM victim v WHERE (v.sealed IS NULL OR v.name <> '' OR v.mobile <> '' OR v.email <> '')",
)
_PERSON: Final = "split_part(m.natural_key, '|', 2)"
_SUBJECT: Final = "split_part(m.natural_key, '|', 3)"
_UUID: Final = "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
# The natural key of a message names its recipient and its subject: a complaint or a hold. A letter to an office names
# another subject, and stays in clear. So do the messages of an erased victim.
MESSAGES: Final = ClearTable(
    "messages",
    "message",
    "message_id",
    UUID(int=0),
    "sealed_head",
    "message_sealed",
    "m",
    f"""FROM message m
LEFT JOIN complaint c ON {_PERSON} = 'victim' AND c.ack_no = {_SUBJECT}
LEFT JOIN victim v USING (victim_id)
LEFT JOIN account_hold a ON {_PERSON} IN ('holder', 'bank')
    AND a.hold_id = CASE WHEN {_SUBJECT} ~ {_UUID} THEN {_SUBJECT}::uuid END
WHERE m.to_whom IN ('victim', 'holder', 'bank') AND CASE WHEN m.person_id IS NOT NULL
    THEN m.address <> '…' ELSE a.hold_id IS NOT NULL OR EXISTS (
        SELECT FROM person_key k WHERE k.person_id = v.person_id AND k.wrapped IS NOT NULL) END""",
)
_CONTACT: Final = "(t.sealed IS NULL OR t.phone NOT IN ('', '…') OR t.email NOT IN ('', '…'))"
CONTACTS: Final = ClearTable(
    "contacts",
    "holder_contact",
    "hold_id",
    UUID(int=0),
    "sealed",
    "holder_contact_sealed",
    "t",
    f"FROM holder_contact t WHERE {_CONTACT}",
)
CONTACT_CHANGES: Final = ClearTable(
    "contacts",
    "holder_contact_change",
    "change_id",
    0,
    "sealed",
    "holder_contact_sealed",
    "t",
    f"FROM holder_contact_change t WHERE {_CONTACT}",
)
# The names, objections and hearings that a release before wrote of an erased victim stay as they are: no key is left to
# seal them. What stands in clear beside a sealed text is cleared all the same.
CREDIT_ACCOUNTS: Final = ClearTable(
    "accounts to be credited",
    "credit_account",
    "account_id",
    0,
    "sealed_name",
    "credit_account_sealed",
    "c",
    "FROM credit_account c JOIN complaint o USING (ack_no) JOIN victim v USING (victim_id)"
    " JOIN person_key w ON w.person_id = v.person_id"
    " WHERE CASE WHEN c.sealed_name IS NULL THEN w.wrapped IS NOT NULL ELSE c.holder_name <> '…' END",
)
GRIEVANCES: Final = ClearTable(
    "grievances",
    "grievance",
    "grievance_id",
    UUID(int=0),
    "sealed_text",
    "grievance_sealed",
    "g",
    "FROM grievance g WHERE (g.sealed_text IS NULL OR g.text <> '…')",
)
LEVELS: Final = ClearTable(
    "levels of grievances",
    "grievance_level",
    "place",
    0,
    "sealed_said",
    "grievance_level_sealed",
    "l",
    "FROM grievance_level l JOIN grievance g USING (grievance_id)"
    " WHERE l.said <> '' AND (l.sealed_said IS NULL OR l.said <> '…')",
)
OBJECTIONS: Final = ClearTable(
    "objections",
    "objection",
    "objection_id",
    0,
    "sealed_text",
    "objection_sealed",
    "o",
    "FROM objection o JOIN restoration r USING (restoration_id) JOIN complaint c ON c.ack_no = r.ack_no"
    " JOIN victim v USING (victim_id) LEFT JOIN person_key w ON w.person_id = v.person_id CROSS JOIN LATERAL"
    " (SELECT CASE WHEN o.by_whom <> 'victim' THEN o.hold_id END AS holder) AS h"
    " WHERE CASE WHEN o.sealed_text IS NULL THEN h.holder IS NOT NULL OR w.wrapped IS NOT NULL ELSE o.text <> '…' END",
)
HEARINGS: Final = ClearTable(
    "hearings",
    "release_hearing",
    "hearing_id",
    0,
    "sealed_said",
    "release_hearing_sealed",
    "w",
    "FROM release_hearing w JOIN complaint c ON c.ack_no = w.ack_no JOIN victim v USING (victim_id)"
    " JOIN person_key k ON k.person_id = v.person_id"
    " WHERE CASE WHEN w.sealed_said IS NULL THEN k.wrapped IS NOT NULL ELSE w.said <> '…' END",
)
EXCHANGES: Final = ClearTable(
    "messages to banks",
    "bank_exchange",
    "exchange_id",
    0,
    "sealed_body",
    "bank_exchange_sealed",
    "x",
    "FROM bank_exchange x WHERE (x.sealed_body IS NULL OR x.body <> '' OR x.content <> '' OR x.reply <> '')",
)
RECEIVED: Final = ClearTable(
    "messages of banks",
    "bank_body",
    "body_id",
    0,
    "sealed",
    "bank_body_sealed",
    "b",
    "FROM bank_body b WHERE (b.sealed IS NULL OR b.body <> '')",
)
STATEMENTS: Final = ClearTable(
    "requests of banks",
    "bank_evidence",
    "evidence_id",
    0,
    "sealed",
    "bank_evidence_sealed",
    "e",
    "FROM bank_evidence e WHERE (e.sealed IS NULL OR e.body <> '')",
)
FORMS: Final = ClearTable(
    "forms of banks",
    "reply_form",
    "form_id",
    0,
    "sealed_form",
    "reply_form_sealed",
    "f",
    "FROM reply_form f WHERE (f.sealed_form IS NULL OR f.form <> '{}' OR f.body <> '')",
)
ANSWER_LINES: Final = ClearTable(
    "lines of answers",
    "answer",
    "answer_id",
    0,
    "sealed_raw",
    "answer_sealed",
    "a",
    "FROM answer a WHERE (a.sealed_raw IS NULL OR a.raw <> '{}')",
)
DOCUMENTS: Final = ClearTable(
    "issued documents",
    "document",
    "document_id",
    UUID(int=0),
    "sealed_pdf",
    "document_sealed",
    "p",
    "FROM document p WHERE (p.sealed_pdf IS NULL OR p.pdf <> '' OR p.facts <> '{}')",
)
# The release before also wrote the newest copy into the row of the FIR.
FIR_COPIES: Final = ClearTable(
    "copies of FIRs",
    "fir_copy",
    "case_no, digest",
    "",
    "sealed",
    "fir_copy_sealed",
    "c",
    "FROM fir_copy c WHERE (c.sealed IS NULL OR c.document <> '' OR EXISTS (SELECT FROM fir f"
    " WHERE f.case_no = c.case_no AND f.document_digest = c.digest AND f.document IS NOT NULL))",
)
COURT_ORDERS: Final = ClearTable(
    "orders of courts",
    "court_order",
    "court_order_id",
    0,
    "sealed_document",
    "court_order_sealed",
    "o",
    "FROM court_order o WHERE o.document IS NOT NULL",
)
WAIVERS: Final = ClearTable(
    "waivers of account holders",
    "hearing_waiver",
    "restoration_id, visit_no, hold_id",
    "",
    "sealed_document",
    "hearing_waiver_sealed",
    "w",
    "FROM hearing_waiver w WHERE (w.sealed_document IS NULL OR w.document <> '')",
)
RETURNED: Final = ClearTable(
    "lines of returned money",
    "returned_funds",
    "returned_id",
    0,
    "sealed_unreadable",
    "returned_funds_sealed",
    "r",
    "FROM returned_funds r WHERE r.unreadable <> '{}'",
)
TABLES: Final = (
    *(VICTIMS, MESSAGES, CONTACTS, CONTACT_CHANGES, CREDIT_ACCOUNTS, GRIEVANCES, LEVELS, OBJECTIONS, HEARINGS),
    *(EXCHANGES, RECEIVED, STATEMENTS, FORMS, ANSWER_LINES),
    *(DOCUMENTS, FIR_COPIES, COURT_ORDERS, WAIVERS, RETURNED),
)


async def clear(connection: Connection, table: ClearTable, keys: Sequence[int | UUID | str]) -> None:
    """Have the database clear the text of those rows with these keys that are sealed."""
    await connection.execute(
        f"UPDATE {table.name} SET {table.sealed} = {table.sealed}"
        f" WHERE {table.key_of()} = ANY($1) AND {table.sealed} IS NOT NULL",
        list(keys),
    )


async def is_cleared(connection: Connection) -> bool:
    """Return whether the database clears the text beside what is sealed."""
    found: bool = await connection.fetchval(
        "SELECT NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS t (on_table, name) WHERE NOT EXISTS ("
        " SELECT FROM pg_trigger g WHERE g.tgrelid = t.on_table::regclass AND g.tgname = t.name))",
        [table.name for table in TABLES],
        [table.trigger for table in TABLES],
    )
    return found


async def count(connection: Connection) -> dict[str, int]:
    """Return how many rows are in clear, by what they are."""
    found = dict.fromkeys((table.what for table in TABLES), 0)
    for table in TABLES:
        found[table.what] += await connection.fetchval(f"SELECT count(*) {table.in_clear}")
    return found
