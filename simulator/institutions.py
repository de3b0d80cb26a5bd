"""The simulated institutions, their credentials, and the directory file that the product loads.

Codes, names and handles of large institutions are public facts, so that rows look real. All else (keys, officers,
speed) is drawn from the seed. Beyond the table's length there are invented regional banks.
"""

import base64
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulator.clock import chance, secret, stream
from simulator.config import CLASSES, AnswerClass, Channel, SimulatorConfig, person_name
from simulator.envelope import Envelope, EnvelopeKind

Kind = Literal["bank", "wallet", "payment_aggregator"]

# code, name, kind, UPI handles, other names in use
_TABLE: tuple[tuple[str, str, Kind, tuple[str, ...], tuple[str, ...]], ...] = (
    ("SBIN", "State Bank of India", "bank", ("oksbi", "sbi"), ("SBI",)),
    ("HDFC", "HDFC Bank", "bank", ("okhdfcbank", "hdfcbank"), ("HDFC Bank Ltd",)),
    ("ICIC", "ICICI Bank", "bank", ("okicici", "icici"), ("ICICI",)),
    ("PUNB", "Punjab National Bank", "bank", ("pnb",), ("PNB",)),
    ("UTIB", "Axis Bank", "bank", ("okaxis", "axisbank"), ("Axis", "UTI Bank")),
    ("BARB", "Bank of Baroda", "bank", ("barodampay",), ("BOB",)),
    ("KKBK", "Kotak Mahindra Bank", "bank", ("kotak",), ("Kotak",)),
    ("PHPE", "PhonePe Wallet", "wallet", ("ybl", "ibl", "axl"), ("PhonePe",)),
    ("UBIN", "Union Bank of India", "bank", ("unionbank",), ("UBI",)),
    ("YESB", "Yes Bank", "bank", ("yesbank", "yesg"), ("YES BANK LIMITED",)),
    ("INDB", "IndusInd Bank", "bank", ("indus",), ("Indusind",)),
    ("CNRB", "Canara Bank", "bank", ("cnrb",), ("Canara",)),
    ("FDRL", "Federal Bank", "bank", ("federal",), ()),
    ("AIRP", "Airtel Payments Bank", "bank", ("airtel",), ("Airtel Money",)),
    ("IDFB", "IDFC First Bank", "bank", ("idfcbank",), ("IDFC",)),
    ("BDBL", "Bandhan Bank", "bank", ("bandhan",), ()),
    ("AUBL", "AU Small Finance Bank", "bank", ("aubank",), ("AU SFB",)),
    ("PYTM", "Paytm Wallet", "wallet", ("paytm", "ptyes"), ("Paytm",)),
    ("IDIB", "Indian Bank", "bank", ("indianbank",), ()),
    ("BKID", "Bank of India", "bank", ("boi",), ("BOI",)),
    ("RZPY", "Razorpay", "payment_aggregator", ("rzp",), ()),
    ("FINO", "Fino Payments Bank", "bank", ("finobank",), ()),
    ("CBIN", "Central Bank of India", "bank", ("centralbank",), ("CBI",)),
    ("IPOS", "India Post Payments Bank", "bank", ("postbank",), ("IPPB",)),
    ("RATN", "RBL Bank", "bank", ("rbl",), ("Ratnakar Bank",)),
    ("MBKW", "MobiKwik Wallet", "wallet", ("ikwik",), ("MobiKwik",)),
    ("IOBA", "Indian Overseas Bank", "bank", ("iob",), ("IOB",)),
    ("UCBA", "UCO Bank", "bank", ("uco",), ()),
    ("MAHB", "Bank of Maharashtra", "bank", ("mahb",), ()),
    ("PSIB", "Punjab and Sind Bank", "bank", ("psb",), ("PSB",)),
    ("UJVN", "Ujjivan Small Finance Bank", "bank", ("ujjivan",), ()),
    ("ESFB", "Equitas Small Finance Bank", "bank", ("equitas",), ()),
    ("SIBL", "South Indian Bank", "bank", ("sib",), ()),
    ("KARB", "Karnataka Bank", "bank", ("kbl",), ()),
    ("PAYU", "PayU", "payment_aggregator", ("payu",), ()),
    ("JAKA", "Jammu and Kashmir Bank", "bank", ("jkb",), ("J&K Bank",)),
    ("KVBL", "Karur Vysya Bank", "bank", ("kvb",), ()),
    ("TMBL", "Tamilnad Mercantile Bank", "bank", ("tmb",), ()),
    ("CSBK", "CSB Bank", "bank", ("csbpay",), ("Catholic Syrian Bank",)),
    ("FRCH", "Freecharge Wallet", "wallet", ("freecharge",), ("Freecharge",)),
)
_REGIONS = ("Awadh", "Bundelkhand", "Rohilkhand", "Purvanchal", "Braj", "Doab", "Terai", "Kashi", "Malwa", "Mithila")
_SORTS = ("Gramin Bank", "Urban Co-operative Bank", "District Co-operative Bank", "Mahila Sahkari Bank")
WEBHOOK_ENDPOINT = "hook"
SIGNING: frozenset[Channel] = frozenset({"push", "pull"})
"""the channels on which banks sign their answers"""
UNLISTED = ("XSUB", "Sahyog Urban Co-operative Bank")
"""code and name of a bank that exists in the world but in no directory"""


@dataclass(frozen=True, slots=True)
class Institution:
    """One institution: its identity, its interface and its speed."""

    code: str
    name: str
    kind: Kind
    handles: tuple[str, ...]
    aliases: tuple[str, ...]
    answer_class: AnswerClass
    weight: float
    """its share of the hops of its class"""
    email: str
    password: str
    """login of the police at the bank"""
    envelope: Envelope
    inbound_email: str
    inbound_password: str
    """login of the bank at the police"""
    desk_email: str
    nodal_name: str
    nodal_email: str
    nodal_mobile: str
    ignores_key: bool
    account_digits: int
    channel: Channel
    """the channel for its requests and answers"""
    webhook_secret: bytes
    signing_seed: bytes

    @property
    def key_id(self) -> str:
        """The name of the key with which it signs messages to the police."""
        return f"{self.code.lower()}-1"

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """The key itself."""
        return Ed25519PrivateKey.from_private_bytes(self.signing_seed)

    @property
    def ifsc_prefix(self) -> str | None:
        """The first four letters of its branches' IFSC; None if it has no branches."""
        return self.code if self.kind == "bank" else None


def build_institutions(config: SimulatorConfig) -> tuple[Institution, ...]:
    """Return all institutions of the world that `config` describes."""
    rows = list(_TABLE[: config.institutions])
    rows += [_invented(number) for number in range(config.institutions - len(rows))]
    classes = _classes(len(rows), config)
    return tuple(
        _institution(
            config, row, answer_class, rank, config.channels.of(answer_class, classes[:rank].count(answer_class))
        )
        for rank, (row, answer_class) in enumerate(zip(rows, classes, strict=True))
    )


def _invented(number: int) -> tuple[str, str, Kind, tuple[str, ...], tuple[str, ...]]:
    letters = "".join(chr(65 + number // 26**place % 26) for place in (2, 1, 0))
    region, sort = _REGIONS[number % len(_REGIONS)], _SORTS[number // len(_REGIONS) % len(_SORTS)]
    return f"Z{letters}", f"{region} {sort} {letters}", "bank", (f"z{letters.lower()}",), ()


def _classes(count: int, config: SimulatorConfig) -> list[AnswerClass]:
    """Return classes by rank: spread evenly at the configured shares, each class at least once."""
    shares = {name: getattr(config.classes, name) for name in CLASSES}
    given = dict.fromkeys(CLASSES, 0)
    classes: list[AnswerClass] = []
    for place in range(1, count + 1):
        owing = max(CLASSES, key=lambda name: shares[name] * place - given[name])
        given[owing] += 1
        classes.append(owing)
    for offset, name in enumerate(CLASSES):
        if shares[name] > 0 and name not in classes:
            classes[-1 - offset] = name
    return classes


def _institution(
    config: SimulatorConfig,
    row: tuple[str, str, Kind, tuple[str, ...], tuple[str, ...]],
    answer_class: AnswerClass,
    rank: int,
    channel: Channel,
) -> Institution:
    code, name, kind, handles, aliases = row
    seed, low = config.seed, code.lower()
    rng = stream(seed, "institution", code)
    envelope: EnvelopeKind = rng.choices(("aes_cbc", "aes_gcm", "none"), (0.7, 0.2, 0.1))[0]
    return Institution(
        code=code,
        name=name,
        kind=kind,
        handles=handles,
        aliases=aliases,
        answer_class=answer_class,
        weight=1 / (rank + 4),
        email=f"police@{low}.example",
        password=secret(seed, 18, "password", code).hex(),
        envelope=Envelope(
            kind=envelope,
            aes_key=secret(seed, 32, "aes", code),
            hmac_key=secret(seed, 32, "hmac", code) if chance(seed, 0.6, "signs", code) else None,
        ),
        inbound_email=f"{low}@banks.example",
        inbound_password=secret(seed, 18, "inbound", code).hex(),
        desk_email=f"frauddesk.{low}@banks.example",
        nodal_name=person_name(rng),
        nodal_email=f"nodal.{low}@banks.example",
        nodal_mobile=f"{rng.choice('6789')}{rng.randrange(10**9):09d}",
        ignores_key=chance(seed, config.knobs.ignores_key, "ignores key", code),
        account_digits=10 if kind == "wallet" else rng.choice((11, 12, 14, 15, 16)),
        channel=channel,
        webhook_secret=secret(seed, 32, "webhook", code),
        signing_seed=secret(seed, 32, "signing", code),
    )


def directory(institutions: Iterable[Institution], origin: str) -> list[dict[str, object]]:
    """Return the directory as the product loads it;

    `origin` is the simulator's address, like `http://127.0.0.1:9000`.
    """
    return [
        {
            "code": bank.code,
            "name": bank.name,
            "kind": bank.kind,
            "ifsc_prefixes": [bank.ifsc_prefix] if bank.ifsc_prefix else [],
            "vpa_handles": list(bank.handles),
            "aliases": list(bank.aliases),
            "answer_class": bank.answer_class,
            **_way(bank, origin),
            "inbound": {"email": bank.inbound_email, "password": bank.inbound_password},
            "desk_email": bank.desk_email,
            "nodal_officers": [{"name": bank.nodal_name, "email": bank.nodal_email, "mobile": bank.nodal_mobile}],
        }
        for bank in institutions
    ]


def _way(bank: Institution, origin: str) -> dict[str, object]:
    """Return a bank's channel as a directory entry; for an e-mail bank its desk's address is enough."""
    match bank.channel:
        case "i4c":
            wire = {
                "kind": "i4c",
                "base_url": f"{origin}/banks/{bank.code}",
                "email": bank.email,
                "password": bank.password,
                "envelope": bank.envelope.kind,
                "aes_key": _text(bank.envelope.aes_key),
                "hmac_key": _text(bank.envelope.hmac_key) if bank.envelope.hmac_key else None,
            }
            return {"wire": wire}
        case "push":
            url = f"{origin}/banks/{bank.code}/{WEBHOOK_ENDPOINT}"
            return {"push": {"kind": "push", "url": url, "secrets": [f"whsec_{_text(bank.webhook_secret)}"]}}
        case "pull":
            return {"pull": True}
        case "iso20022":
            return {"iso20022": {"kind": "iso20022", "bic": f"{bank.code[:4]}INBB"}}
        case "email":
            return {}


def public_keys(institutions: Iterable[Institution]) -> list[dict[str, str]]:
    """Return the public key of every bank that signs: 32 bytes in base64, and the key's name."""
    return [
        {
            "institution": bank.code,
            "key_id": bank.key_id,
            "public_key": _text(bank.signing_key.public_key().public_bytes_raw()),
        }
        for bank in institutions
        if bank.channel in SIGNING
    ]


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def write_directory(path: Path, entries: list[dict[str, object]]) -> None:
    """Write a directory file that only its owner can read, because it holds credentials."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(entries, file, indent=1)
    draft.replace(path)
