"""The certificate beside an evidence pack: a draft in each language, for the people who sign it."""

from activities.evidence.pack import Packed
from documents.certificate import Certified, compose_certificate
from documents.rendering import render
from domain.evidence.pack import MANIFEST
from schemas.enums import Language


async def certificate(packed: Packed, file: str, made_with: str, language: Language) -> bytes:
    """The draft about the pack that was written as `file`, as PDF. Raises what rendering raises."""
    record = Certified(
        case_no=packed.case_no,
        ack_nos=packed.ack_nos,
        file=file,
        edition=packed.edition,
        sha256=packed.sha256,
        manifest_file=MANIFEST,
        manifest_sha256=packed.manifest_sha256,
        files=packed.files,
        events=packed.events,
        size_bytes=packed.size_bytes,
        first_at=packed.first_at,
        last_at=packed.last_at,
        made_at=packed.made_at,
        made_with=made_with,
    )
    return await render(compose_certificate(record, language), packed.made_at)
