"""`goldenhour bank add`, `bank login` and `bank remove`: edit one institution without a directory file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.commands.bank import MAX_DIRECTORY_BYTES, lacks_now, mistakes_in
from workers.commands.bank_answer import warn
from workers.commands.common import errors, load_settings, open_database, run, with_database
from workers.commands.exits import USAGE, Failed
from workers.commands.processes import actor
from workers.settings import Settings

if TYPE_CHECKING:
    from schemas.banks.institutions import InboundEntry, InstitutionEntry

Several = Annotated[list[str] | None, typer.Option(metavar="TEXT", help="May be repeated.")]


def add(
    code: Annotated[str, typer.Argument(help="The institution's code.", metavar="CODE")],
    name: Annotated[str | None, typer.Option(help="Its name; you are asked for a missing one.")] = None,
    kind: Annotated[str, typer.Option(help="bank, wallet or payment_aggregator.")] = "bank",
    answer_class: Annotated[str | None, typer.Option(help="api, seat or mail: decides its deadlines.")] = None,
    sponsor: Annotated[
        str | None, typer.Option(metavar="CODE", help="Bank that gets its requests while it has no channel.")
    ] = None,
    account_prefix: Several = None,
    ifsc: Several = None,
    vpa: Several = None,
    alias: Several = None,
    channels: Annotated[
        str | None, typer.Option(metavar="KIND,…", help="The order in which its channels are tried.")
    ] = None,
    i4c_url: Annotated[str | None, typer.Option(help="Address of its I4C wire.")] = None,
    i4c_email: Annotated[str | None, typer.Option(help="Our login there; you are asked for a missing one.")] = None,
    envelope: Annotated[str, typer.Option(help="aes_cbc, aes_gcm or none.")] = "aes_cbc",
    signed: Annotated[bool, typer.Option("--signed", help="Its I4C wire has an HMAC key.")] = False,
    free_balance: Annotated[
        bool, typer.Option("--free-balance", help="The balances on its I4C wire exclude money on hold.")
    ] = False,
    i4c_login_path: Annotated[str | None, typer.Option(help="Path of its I4C login; /login by default.")] = None,
    i4c_report_path: Annotated[
        str | None, typer.Option(help="Path of its fraud report; /transaction-fraud by default.")
    ] = None,
    i4c_member: Annotated[
        str | None, typer.Option(metavar="NAME", help="Member of a JSON object that holds the ciphertext.")
    ] = None,
    push_url: Annotated[str | None, typer.Option(help="Address of its webhook.")] = None,
    pull: Annotated[bool, typer.Option("--pull", help="It fetches its requests from our feed.")] = False,
    bic: Annotated[str | None, typer.Option(help="BIC of the bank for ISO 20022 files.")] = None,
    business_header: Annotated[
        bool, typer.Option("--business-header", help="Its files begin with a business application header.")
    ] = False,
    desk_email: Annotated[str, typer.Option(help="E-mail address of its desk.")] = "",
    nodal_name: Annotated[str, typer.Option(help="Its nodal officer; for several use `bank roster`.")] = "",
    nodal_email: Annotated[str, typer.Option(help="The officer's e-mail address.")] = "",
    nodal_mobile: Annotated[str, typer.Option(help="The officer's mobile number.")] = "",
    inbound_email: Annotated[str | None, typer.Option(help="Its login at our API.")] = None,
    calls_at_once: Annotated[int | None, typer.Option(metavar="NUMBER", help="Most calls to it at a time.")] = None,
    calls_a_second: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="Most calls to it in a second.")
    ] = None,
    answers_by_two: Annotated[
        bool, typer.Option("--answers-by-two", help="A reply in its inbox needs two of its people.")
    ] = False,
    secrets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="JSON with its secrets by name; you are asked for missing ones."),
    ] = None,
    over: Annotated[bool, typer.Option("--over", help="Replace the known institution with this code.")] = False,
) -> None:
    """Add one institution, or replace a known one with --over, as `bank load` does.

    Secrets are never options. You are asked for them without an echo, or they come from the --secrets file. Their names
    are i4c_password, aes_key, hmac_key, push_secret and inbound_password. If the institution lacks something to answer
    us, such as its login, the command says so and names the command that adds it.

    Exit codes: 0 written, 1 refused or failed, 2 wrong usage or settings.
    """
    _require_channel("--i4c-url", i4c_url, {"--signed": signed, "--free-balance": free_balance})
    outer = {"--i4c-login-path": i4c_login_path, "--i4c-report-path": i4c_report_path, "--i4c-member": i4c_member}
    _require_channel("--i4c-url", i4c_url, {option: value is not None for option, value in outer.items()})
    _require_channel("--bic", bic, {"--business-header": business_header})
    secret = _Secrets(secrets)
    content: dict[str, Any] = {
        "code": code,
        "name": name if name is not None else typer.prompt("Name", err=True),
        "kind": kind,
        "sponsor": sponsor,
        "account_prefixes": account_prefix or [],
        "ifsc_prefixes": ifsc or [],
        "vpa_handles": vpa or [],
        "aliases": alias or [],
        "channels": [channel_name.strip() for channel_name in channels.split(",")] if channels else [],
        "pull": pull,
        "desk_email": desk_email,
        "calls_at_once": calls_at_once,
        "calls_a_second": calls_a_second,
        "answers_by_two": answers_by_two,
    }
    officer = {"name": nodal_name, "email": nodal_email, "mobile": nodal_mobile}
    content["nodal_officers"] = [officer] if any(officer.values()) else []
    content["answer_class"] = answer_class or ("api" if i4c_url or push_url or pull else "mail")
    if i4c_url is not None:
        our_login = i4c_email or typer.prompt("E-mail of our login there", err=True)
        content["wire"] = {"base_url": i4c_url, "email": our_login, "password": secret("i4c_password")}
        content["wire"] |= {"envelope": envelope, "aes_key": None if envelope == "none" else secret("aes_key")}
        content["wire"]["hmac_key"] = secret("hmac_key") if signed else None
        content["wire"]["balance_includes_liens"] = not free_balance
        content["wire"] |= {"login_path": i4c_login_path, "report_path": i4c_report_path}
        content["wire"]["ciphertext_member"] = i4c_member
    if push_url is not None:
        content["push"] = {"url": push_url, "secrets": [secret("push_secret")]}
    if bic is not None:
        content["iso20022"] = {"bic": bic, "business_header": business_header}
    if inbound_email is not None:
        content["inbound"] = {"email": inbound_email, "password": secret("inbound_password")}
    entry = _checked(content)
    settings = with_database(load_settings())
    run(_add(settings, entry, over))
    order = ", ".join(channel.value for channel in entry.in_order()) or "no channel"
    errors().print(f"{code} written: {order}", highlight=False, markup=False)
    warn(run(lacks_now(settings, {code})))


def login(
    code: Annotated[str, typer.Argument(help="The institution's code.", metavar="CODE")],
    email: Annotated[str, typer.Argument(help="The e-mail with which it logs in at our API.", metavar="EMAIL")],
    secrets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="JSON with its inbound_password; without it you are asked."),
    ] = None,
) -> None:
    """Give an institution its login at our API, or replace the one that it has.

    The institution logs in with it to answer over the I4C wire, and to use the feed without a signature. The password
    is never an option. Only a hash of it is kept.

    Exit codes: 0 written, 1 refused or no such institution, 2 wrong usage or settings.
    """
    settings = with_database(load_settings())
    entry = _checked_login(email, _Secrets(secrets)("inbound_password"))
    run(_set_login(settings, code, entry))
    errors().print(f"login of {code} written", highlight=False, markup=False)


def remove(
    code: Annotated[str, typer.Argument(help="The institution's code.", metavar="CODE")],
) -> None:
    """Remove an institution that was added to the directory by mistake.

    An institution that a case, request, answer or key refers to stays. Replace it with one without channels instead.

    Exit codes: 0 removed, 1 it does not exist or stays, 2 wrong usage or settings.
    """
    run(_remove(with_database(load_settings()), code))
    errors().print(f"{code} removed", highlight=False, markup=False)


def _require_channel(channel: str, address: str | None, options: dict[str, bool]) -> None:
    """Refuse options of a channel that the institution does not get."""
    for option, given in options.items():
        if given and address is None:
            raise Failed(f"{option} needs {channel}", USAGE)


class _Secrets:
    """Secrets of one institution, from the file or from a prompt."""

    def __init__(self, file: Path | None) -> None:
        self._content = {} if file is None else _read(file)

    def __call__(self, name: str) -> str:
        secret = self._content.get(name)
        if secret is None:
            secret = typer.prompt(name.replace("_", " "), hide_input=True, err=True)
        if not isinstance(secret, str):
            raise Failed(f"{name} is not text", USAGE)
        return secret


def _read(file: Path) -> dict[str, Any]:
    import orjson

    try:
        with file.open("rb") as opened:
            content = orjson.loads(opened.read(MAX_DIRECTORY_BYTES))
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error
    except orjson.JSONDecodeError:
        raise Failed(f"{file}: not JSON", USAGE) from None
    if not isinstance(content, dict):
        raise Failed(f"{file}: must be one JSON object", USAGE)
    return content


def _checked(content: dict[str, Any]) -> "InstitutionEntry":
    from pydantic import ValidationError

    from schemas.banks.institutions import InstitutionEntry

    try:
        return InstitutionEntry.model_validate(content)
    except ValidationError as error:
        raise Failed(mistakes_in("the institution", error), USAGE) from None


async def _add(settings: Settings, entry: "InstitutionEntry", over: bool) -> None:
    import asyncio

    from activities.banks.directory import add_institution
    from workers.home import secret_box

    box = await asyncio.to_thread(secret_box, settings)
    async with await open_database(settings) as pool:
        await add_institution(pool, box, entry, over=over, by=actor())


async def _remove(settings: Settings, code: str) -> None:
    from activities.banks.directory import remove_institution

    async with await open_database(settings) as pool:
        await remove_institution(pool, code, actor())


def _checked_login(email: str, password: str) -> "InboundEntry":
    from pydantic import ValidationError

    from schemas.banks.institutions import InboundEntry

    try:
        return InboundEntry.model_validate({"email": email, "password": password})
    except ValidationError as error:
        raise Failed(mistakes_in("the login", error), USAGE) from None


async def _set_login(settings: Settings, code: str, entry: "InboundEntry") -> None:
    from activities.banks.loading import set_login

    async with await open_database(settings) as pool:
        await set_login(pool, code, entry, actor())
