"""The sealed columns, and the sessions of processes that open them."""

from activities.privacy.reseal import SEALED_FOR
from activities.secrets import SEAL
from db.pool import Pool, open_pool
from db.privacy.body_keys import BANK_CREDENTIALS, addresses_without, session_name

CLEAR_NAMES = {
    *("digest", "hash", "previous_hash", "event_hash", "body_digest", "document_digest"),
    *(
        "payload_digest",
        "list_digest",
        "token_digest",
        "display_digest",
        "signature",
        "signature_base",
        "public_key",
        "mark",
    ),
    *("name_digest", "content_digest", "reply_digest", "fir_copy_digest", "code_digest", "mobile_digest"),
    "confirmed_digest",
}
"""columns with digests, signatures and public keys, by their names"""
CLEAR_COLUMNS = {
    "victim.terms_key",
    "try_bucket.name",
    "draft.caller",
}
"""columns with keyed digests, and with the id of a secret key"""
UNDER_PERSON_KEYS = {
    "victim.sealed",
    *("message.sealed_head", "message.sealed_body", "holder_contact.sealed", "holder_contact_change.sealed"),
    *("credit_account.sealed_name", "grievance.sealed_text", "grievance.sealed_contact", "grievance_level.sealed_said"),
    *("objection.sealed_text", "release_hearing.sealed_said", "treatment_report.sealed_text"),
    *("complainant_message.sealed", "complaint_reach.sealed"),
    "bank_key_change.sealed_asker",
    *("notice_setting.sealed_webhook", "shift_handover_officer.sealed_note", "shift_note.sealed_note"),
    *("draft.sealed", "draft_handover.sealed_note", "complaint_story.sealed", "telephone_answer.sealed_speaker"),
    *(f"bank_exchange.sealed_{part}" for part in ("body", "content", "reply")),
    *("document.sealed_facts", "document.sealed_pdf", "fir_copy.sealed", "court_order.sealed_document"),
    *("hearing_waiver.sealed_document", "returned_funds.sealed_unreadable"),
    *(
        "bank_body.sealed",
        "bank_evidence.sealed",
        "answer.sealed_raw",
        "reply_form.sealed_form",
        "reply_form.sealed_body",
    ),
}
"""columns that are sealed under the keys of persons, cases and banks, which alone are resealed"""
ALWAYS = {
    *("answer.sealed_raw", "bank_body.sealed", "bank_evidence.sealed", "bank_exchange.sealed_body", "fir_copy.sealed"),
    *("document.sealed_facts", "document.sealed_pdf", "hearing_waiver.sealed_document"),
    *("reply_form.sealed_form", "reply_form.sealed_body"),
}
"""columns of bodies and documents that each row has, with their key"""
_NEVER_NULL = """
SELECT table_name || '.' || column_name AS name FROM information_schema.columns
WHERE table_schema = 'public' AND is_nullable = 'NO'
"""
_BYTES = """
SELECT table_name || '.' || column_name AS name FROM information_schema.columns
WHERE table_schema = 'public' AND data_type = 'bytea'
"""
_PRIMARY_KEY = """
SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = $1::regclass AND i.indisprimary
"""


async def test_every_column_of_bytes_is_resealed_or_known_to_be_clear(database: Pool) -> None:
    """A new column with sealed values must stand in `SEALED_FOR`: otherwise it is lost with the previous key."""
    found = {row["name"] for row in await database.fetch(_BYTES)}
    sealed = {column.name for column in SEALED_FOR}
    unknown = {
        name for name in found - sealed - CLEAR_COLUMNS - UNDER_PERSON_KEYS if name.partition(".")[2] not in CLEAR_NAMES
    }
    assert not unknown, "is it sealed (activities/privacy/reseal.py) or clear (here)?"
    assert sealed <= found
    assert found >= CLEAR_COLUMNS | UNDER_PERSON_KEYS
    assert set(SEALED_FOR.values()) <= SEAL


async def test_no_body_and_no_document_is_written_unless_it_is_sealed(database: Pool) -> None:
    never_null = {row["name"] for row in await database.fetch(_NEVER_NULL)}
    assert never_null >= ALWAYS | {f"{name.partition('.')[0]}.person_id" for name in ALWAYS}


async def test_a_sealed_column_is_found_by_its_primary_key_and_owner(database: Pool) -> None:
    for column in SEALED_FOR:
        assert await database.fetchval(_PRIMARY_KEY, column.table) == list(column.key)
        assert await database.fetchval(
            "SELECT count(*) FROM information_schema.columns WHERE table_name = $1 AND column_name = ANY($2)",
            column.table,
            [column.column, column.owner],
        ) == len({column.column, column.owner})
        assert (
            await database.fetchval(
                "SELECT string_agg(DISTINCT udt_name, ' ') FROM information_schema.columns"
                " WHERE table_name = $1 AND column_name = ANY($2)",
                column.table,
                column.key,
            )
            == column.key_type
        )


async def test_a_process_is_seen_by_the_keys_that_it_knows(database: Pool, database_dsn: str) -> None:
    old, new = b"o" * 8, b"n" * 8
    async with database.acquire() as connection:
        for name, is_a_stranger in [
            (session_name([old]), True),
            (session_name([new, old]), False),
            (session_name([new]), False),
            ("goldenhour verify", False),
            ("psql", False),
        ]:
            async with await open_pool(database_dsn, min_size=1, max_size=1, session_name=name):
                assert await addresses_without(connection, new) == (["127.0.0.1"] if is_a_stranger else []), name
        assert await addresses_without(connection, new) == [], "sessions of commands open nothing for long"


def test_the_name_of_a_session_is_not_cut_off() -> None:
    assert len(session_name([b"o" * 8, b"n" * 8])) < 64
    assert BANK_CREDENTIALS.name == "institution_channel.sealed"
