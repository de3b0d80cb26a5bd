"""`goldenhour bank add` and `bank remove`: one institution, without a directory file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.commands.bank import MAX_DIRECTORY_BYTES, mistakes_in
from workers.commands.common import errors, load_settings, open_database, run, with_database
from workers.commands.exits import USAGE, Failed
from workers.settings import Settings

if TYPE_CHECKING:
    from schemas.banks.institutions import InstitutionEntry

Several = Annotated[list[str] | None, typer.Option(metavar="TEXT", help="May be given several times.")]


def add(
    code: Annotated[str, typer.Argument(help="The institution's code.", metavar="CODE")],
    name: Annotated[str | None, typer.Option(help="Its name; asked for when it is missing.")] = None,
    kind: Annotated[str, typer.Option(help="bank, wallet or payment_aggregator.")] = "bank",
    answer_class: Annotated[str | None, typer.Option(help="api, seat or mail: its ladder of deadlines.")] = None,
    sponsor: Annotated[
        str | None, typer.Option(metavar="CODE", help="The bank whose codes it uses, asked while it has no channel.")
    ] = None,
    account_prefix: Several = None,
    ifsc: Several = None,
    vpa: Several = None,
    alias: Several = None,
    channels: Annotated[
        str | None, typer.Option(metavar="KIND,…", help="The order in which its channels are tried.")
    ] = None,
    i4c_url: Annotated[str | None, typer.Option(help="Address of its I4C wire.")] = None,
    i4c_email: Annotated[str | None, typer.Option(help="Our login there.")] = None,
    envelope: Annotated[str, typer.Option(help="aes_cbc, aes_gcm or none.")] = "aes_cbc",
    signed: Annotated[bool, typer.Option("--signed", help="Its I4C wire has an HMAC key.")] = False,
    free_balance: Annotated[
        bool, typer.Option("--free-balance", help="The balances it tells over its I4C wire leave out what is on hold.")
    ] = False,
    push_url: Annotated[str | None, typer.Option(help="Address of its webhook.")] = None,
    pull: Annotated[bool, typer.Option("--pull", help="It fetches its requests from our feed.")] = False,
    bic: Annotated[str | None, typer.Option(help="It takes ISO 20022 files under this BIC.")] = None,
    business_header: Annotated[
        bool, typer.Option("--business-header", help="Its files begin with a business application header.")
    ] = False,
    desk_email: Annotated[str, typer.Option(help="Where its desk reads mail.")] = "",
    nodal_name: Annotated[str, typer.Option(help="Its nodal officer; several: `bank roster`.")] = "",
    nodal_email: Annotated[str, typer.Option(help="The officer's mail.")] = "",
    nodal_mobile: Annotated[str, typer.Option(help="The officer's number.")] = "",
    inbound_email: Annotated[str | None, typer.Option(help="Its own login at our door.")] = None,
    secrets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="JSON with its secrets by name; those that are missing are asked for."),
    ] = None,
    over: Annotated[bool, typer.Option("--over", help="Write it over what is known of the code.")] = False,
) -> None:
    """Add one institution, or with --over write one over what is known of its code, as `bank load` does.

    Secrets are never options: they are asked for without an echo, or read from the file of --secrets, whose names are
    i4c_password, aes_key, hmac_key, push_secret and inbound_password.

    Exit codes: 0 written, 1 refused or failed, 2 wrong usage or settings.
    """
    _goes_with("--i4c-url", i4c_url, {"--signed": signed, "--free-balance": free_balance})
    _goes_with("--bic", bic, {"--business-header": business_header})
    secret = _Secrets(secrets)
    told: dict[str, Any] = {
        "code": code,
        "name": name if name is not None else typer.prompt("Name", err=True),
        "kind": kind,
        "sponsor": sponsor,
        "account_prefixes": account_prefix or [],
        "ifsc_prefixes": ifsc or [],
        "vpa_handles": vpa or [],
        "aliases": alias or [],
        "channels": [one.strip() for one in channels.split(",")] if channels else [],
        "pull": pull,
        "desk_email": desk_email,
    }
    officer = {"name": nodal_name, "email": nodal_email, "mobile": nodal_mobile}
    told["nodal_officers"] = [officer] if any(officer.values()) else []
    told["answer_class"] = answer_class or ("api" if i4c_url or push_url or pull else "mail")
    if i4c_url is not None:
        told["wire"] = {"base_url": i4c_url, "email": i4c_email or "", "password": secret("i4c_password")}
        told["wire"] |= {"envelope": envelope, "aes_key": None if envelope == "none" else secret("aes_key")}
        told["wire"]["hmac_key"] = secret("hmac_key") if signed else None
        told["wire"]["balance_includes_liens"] = not free_balance
    if push_url is not None:
        told["push"] = {"url": push_url, "secrets": [secret("push_secret")]}
    if bic is not None:
        told["iso20022"] = {"bic": bic, "business_header": business_header}
    if inbound_email is not None:
        told["inbound"] = {"email": inbound_email, "password": secret("inbound_password")}
    entry = _checked(told)
    run(_add(with_database(load_settings()), entry, over))
    order = ", ".join(channel.value for channel in entry.in_order()) or "no channel"
    errors().print(f"{code} written: {order}", highlight=False, markup=False)


def remove(
    code: Annotated[str, typer.Argument(help="The institution's code.", metavar="CODE")],
) -> None:
    """Take an institution out of the directory that was added by mistake.

    One that a case, a request, an answer or a key speaks of stays: write it over without channels instead.

    Exit codes: 0 removed, 1 it is not there, or stays, 2 wrong usage or settings.
    """
    run(_remove(with_database(load_settings()), code))
    errors().print(f"{code} removed", highlight=False, markup=False)


def _goes_with(channel: str, address: str | None, options: dict[str, bool]) -> None:
    """Refuse what is said of a channel that the institution is not given."""
    for option, given in options.items():
        if given and address is None:
            raise Failed(f"{option} goes with {channel}", USAGE)


class _Secrets:
    """The secrets of one institution: from the file, else asked for."""

    def __init__(self, file: Path | None) -> None:
        self._told = {} if file is None else _read(file)

    def __call__(self, name: str) -> str:
        found = self._told.get(name)
        if found is None:
            found = typer.prompt(name.replace("_", " "), hide_input=True, err=True)
        if not isinstance(found, str):
            raise Failed(f"{name} is no text", USAGE)
        return found


def _read(file: Path) -> dict[str, Any]:
    import orjson

    try:
        with file.open("rb") as opened:
            told = orjson.loads(opened.read(MAX_DIRECTORY_BYTES))
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error
    except orjson.JSONDecodeError:
        raise Failed(f"{file}: no JSON", USAGE) from None
    if not isinstance(told, dict):
        raise Failed(f"{file}: must be one JSON object", USAGE)
    return told


def _checked(told: dict[str, Any]) -> "InstitutionEntry":
    from pydantic import ValidationError

    from schemas.banks.institutions import InstitutionEntry

    try:
        return InstitutionEntry.model_validate(told)
    except ValidationError as error:
        raise Failed(mistakes_in("the institution", error), USAGE) from None


async def _add(settings: Settings, entry: "InstitutionEntry", over: bool) -> None:
    import asyncio

    from activities.directory import add_institution
    from activities.secrets import SecretBox
    from workers.home import secret_key

    secret_box = SecretBox(await asyncio.to_thread(secret_key, settings))
    async with await open_database(settings) as pool:
        await add_institution(pool, secret_box, entry, over=over)


async def _remove(settings: Settings, code: str) -> None:
    from activities.directory import remove_institution

    async with await open_database(settings) as pool:
        await remove_institution(pool, code)
