"""The certificate authority of a home folder, and the certificate of its TLS ports.

The authority is made at the first start. A person who trusts it trusts it for `localhost` and the names below only. It
can sign for no other host, for no mail and for no program. Both private keys have mode 0600.
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.clock import wall_clock
from api.hosts import LOCALHOST, LOOPBACK, NAMES
from workers.home import prepare_home, write_private

log = logging.getLogger(__name__)

FOLDER: Final = "tls"
AUTHORITY_LIFE: Final = timedelta(days=1825)
LIFE: Final = timedelta(days=90)
LEFT_MIN: Final = timedelta(days=60)
"""A certificate that ends sooner is renewed, at the start of a stack and while it runs."""
RENEW_EVERY_SECONDS: Final = 3600.0
CLOCK_DIFFERENCE: Final = timedelta(hours=1)
NUMBER_BYTES: Final = 4


@dataclass(frozen=True)
class CertificateFiles:
    """PEM files of the TLS ports in a home folder."""

    authority: Path
    """the certificate that browsers and programs trust"""
    authority_key: Path
    certificate: Path
    key: Path

    @property
    def are_there(self) -> bool:
        """Return whether a TLS port can be served."""
        return self.certificate.is_file() and self.key.is_file()


@dataclass(frozen=True)
class _Signed:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def lasts(self, start: datetime, end: datetime) -> bool:
        """Return whether the certificate is good from `start` until `end`."""
        return self.certificate.not_valid_before_utc <= start and end <= self.certificate.not_valid_after_utc


def certificate_files(home: Path) -> CertificateFiles:
    """Return the paths of the files in a home folder. They may be missing."""
    folder = home.absolute() / FOLDER
    return CertificateFiles(
        folder / "authority.pem", folder / "authority.key", folder / "certificate.pem", folder / "certificate.key"
    )


def renew_certificates(home: Path, now: datetime) -> CertificateFiles:
    """Make the authority and the certificate that are missing, unfit or near their end; return their files.

    The caller has locked the home folder. A new authority must be trusted again, so it is made only when it would end
    before the certificate.
    """
    files = certificate_files(home)
    prepare_home(files.authority.parent)
    authority = _read(files.authority, files.authority_key)
    if authority is None or not authority.lasts(now, now + LIFE):
        authority = _new_authority(now)
        _write(authority, files.authority, files.authority_key)
    own = _read(files.certificate, files.key)
    if own is None or not _is_fit(own, authority, now):
        _write(_new_certificate(authority, now), files.certificate, files.key)
    return files


async def keep_renewed(home: Path) -> NoReturn:
    """Renew the certificates of a home folder that the caller has locked, for as long as its stack runs.

    Processes with a TLS port read the files again by themselves.
    """
    while True:
        await asyncio.sleep(RENEW_EVERY_SECONDS)
        try:
            renew_certificates(home, wall_clock())
        except OSError as error:
            log.warning("the certificates of the TLS ports are renewed later: %s", type(error).__name__)


def _is_fit(own: _Signed, authority: _Signed, now: datetime) -> bool:
    """Return whether the authority signed this certificate for all our names, and whether it lasts."""
    try:
        own.certificate.verify_directly_issued_by(authority.certificate)
        names = own.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return set(names) == set(_general_names(NAMES)) and own.lasts(now, now + LEFT_MIN)


def _new_authority(now: datetime) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    # Trust stores of browsers list authorities by name, and every home has its own.
    name = _name(f"goldenhour, this machine only, {secrets.token_hex(NUMBER_BYTES)}")
    permitted = [x509.DNSName(LOCALHOST), x509.IPAddress(ip_network(LOOPBACK))]
    built = (
        _builder(name, name, key, now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
    )
    return _Signed(built.sign(key, hashes.SHA256()), key)


def _new_certificate(authority: _Signed, now: datetime) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    built = (
        _builder(_name("goldenhour"), issuer.subject, key, now, LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_general_names(NAMES)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return _Signed(built.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_DIFFERENCE)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_names(names: Iterable[str]) -> list[x509.GeneralName]:
    return [x509.IPAddress(ip_address(name)) if name == LOOPBACK else x509.DNSName(name) for name in names]


def _read(certificate: Path, key: Path) -> _Signed | None:
    """Return the certificate and the key of two files.

    Return None if one is missing or cannot be used, or if they do not belong together.
    """
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != loaded.public_key():
        return None
    return _Signed(loaded, private)


def _write(signed: _Signed, certificate: Path, key: Path) -> None:
    """Write both files. After a stop between them they do not belong together, and the next start makes new ones."""
    write_private(key, signed.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_private(certificate, signed.certificate.public_bytes(Encoding.PEM))
