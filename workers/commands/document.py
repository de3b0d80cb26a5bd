"""`goldenhour document`: issue a document of a case and write its PDF."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.enums import Language
from schemas.identifiers import ACK_NO_PATTERN
from schemas.restoration_enums import DocumentKind
from schemas.text import IST
from workers.commands.common import JsonTarget, load_settings, people, run, with_database, write_json
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.commands.processes import own_name
from workers.commands.up import open_context
from workers.home import write_private
from workers.settings import Settings

if TYPE_CHECKING:
    from schemas.recovery.document_facts import DocumentAsk, IssuedDocument


def document(
    ack_no: Annotated[str, typer.Argument(help="Any acknowledgement number of the case.", metavar="ACK_NO")],
    kind: Annotated[DocumentKind, typer.Argument(help="The kind of document.", metavar="KIND")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The PDF to write.")],
    about: Annotated[
        str,
        typer.Option(metavar="SUBJECT", help="The bank's code, or the id of the hold, restoration or order."),
    ] = "",
    language: Annotated[Language, typer.Option(help="The language.")] = Language.HI,
    revision: Annotated[int, typer.Option(min=1, max=1_000, help="A higher revision replaces the previous one.")] = 1,
    by: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d"], help="Deadline to produce documents or show cause, Indian time."
        ),
    ] = None,
    place: Annotated[str, typer.Option(help="Where to produce documents, or to show cause.")] = "",
    magistrate: Annotated[str, typer.Option(help="The magistrate or court; the district's by default.")] = "",
    document: Annotated[list[str] | None, typer.Option(help="A document to be produced; may be repeated.")] = None,
    period_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of the period of the documents.")
    ] = None,
    period_to: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the period of the documents.")
    ] = None,
    grounds: Annotated[str, typer.Option(help="Why the money is suspected.")] = "",
    json_target: JsonTarget = None,
) -> None:
    """Issue a document of a case and write its PDF, readable by you alone. The same document is issued once.

    docs/reference/documents.md explains each KIND and what its law requires.

    Exit codes: 0 the document is written; 1 fields that its law requires are missing, it was issued with other
    particulars, there is no such case or the database cannot be read; 2 the usage or the settings are wrong, or the
    file cannot be written.
    """
    from pydantic import ValidationError

    from schemas.recovery.document_facts import DocumentAsk, Particulars

    if not ACK_NO_PATTERN.fullmatch(ack_no):
        raise Failed("an acknowledgement number has 14 digits", USAGE)
    try:
        particulars = Particulars(
            magistrate=magistrate,
            place=place,
            by=by.replace(tzinfo=IST) if by else None,
            documents=tuple(document or ()),
            period_from=period_from.date() if period_from else None,
            period_to=period_to.date() if period_to else None,
            grounds=grounds,
        )
        asked = DocumentAsk(kind=kind, language=language, subject=about, revision=revision, particulars=particulars)
    except ValidationError as error:
        first = error.errors()[0]
        raise Failed(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}", USAGE) from error
    issued, pdf = run(_issue(with_database(load_settings()), ack_no, asked))
    try:
        write_private(output, pdf)
    except OSError as error:
        raise Failed(f"{output}: {error.strerror}", USAGE) from error
    write_json(json_target, issued.model_dump(mode="json") | {"file": output.name})
    words = "was issued before and is in" if issued.repeated else "is in"
    people(json_target).print(
        f"{issued.number} {words} {output}\nSHA-256 {issued.digest}", highlight=False, markup=False, soft_wrap=True
    )


async def _issue(settings: Settings, ack_no: str, asked: "DocumentAsk") -> "tuple[IssuedDocument, bytes]":
    from activities.recovery.document_issuing import appeal_address, issue_for_officer
    from db.recovery import document_register
    from domain.recovery.documents import DocumentDiffers, DocumentIncomplete

    address = appeal_address(settings.public_url)
    async with open_context(settings) as ctx:
        try:
            issued = await issue_for_officer(ctx, ack_no, asked, own_name(), appeal_address=address)
        except DocumentIncomplete as lacks:
            lines = "".join(f"\n  {missing.field}: {missing.why} ({missing.law})" for missing in lacks.missing)
            raise Failed(
                f"the {asked.kind.value.replace('_', ' ')} cannot be issued; missing:{lines}", FAILURE
            ) from None
        except DocumentDiffers as differs:
            raise Failed(f"{differs}; use --revision {asked.revision + 1} for the new particulars", FAILURE) from None
        async with ctx.pool.acquire() as connection:
            _, pdf = await document_register.read(connection, issued.document_id, ctx.opens)
    return issued, pdf
