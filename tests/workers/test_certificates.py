"""The certificate authority of a home: what it may sign, who may read its key, and when what is renewed."""

import asyncio
import ssl
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from api.hosts import NAMES, Site
from tests.waiting import until
from workers import certificates
from workers.certificates import AUTHORITY_LIFE, LEFT_MIN, LIFE, CertificateFiles, renew_certificates

DAY = timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC)


async def handshake(files: CertificateFiles, name: str, authority: Path | None = None) -> str:
    """Connect to a server with this certificate under a name; return why it failed, or an empty text."""
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(files.certificate, files.key)
    trusted = ssl.create_default_context(cafile=authority or files.authority)
    trusted.verify_flags |= ssl.VERIFY_X509_STRICT
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=own)
    port = server.sockets[0].getsockname()[1]
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusted, server_hostname=name)
        writer.close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        server.close()
    return ""


def mark(file: Path) -> bytes:
    return file.read_bytes()


async def test_a_client_that_trusts_the_authority_verifies_every_host(tmp_path: Path) -> None:
    files = renew_certificates(tmp_path, now())
    for name in NAMES:
        assert await handshake(files, name) == "", name
    assert "mismatch" in await handshake(files, "x.localhost")
    other = renew_certificates(tmp_path / "other", now())
    assert await handshake(files, Site.DESK.host, other.authority)


@pytest.mark.parametrize("name", ["desk.police.example", "localhost.example", "127.0.0.2", "10.1.1.1"])
async def test_a_stolen_key_of_the_authority_signs_for_no_other_host(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = renew_certificates(tmp_path, now())

    def stolen(_: object) -> list[x509.GeneralName]:
        return [x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)]

    monkeypatch.setattr(certificates, "_general_names", stolen)
    files.certificate.unlink()
    renew_certificates(tmp_path, now())
    assert "permitted subtree" in await handshake(files, name)


def test_the_authority_signs_nothing_but_websites_and_no_other_authority(tmp_path: Path) -> None:
    made = x509.load_pem_x509_certificate(renew_certificates(tmp_path, now()).authority.read_bytes())
    basic = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    purposes = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
    assert made.extensions.get_extension_for_class(x509.NameConstraints).critical


def test_private_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    files = renew_certificates(tmp_path, now())
    assert stat.S_IMODE(files.authority.parent.stat().st_mode) == 0o700
    for key in (files.authority_key, files.key):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600, key


def test_a_start_keeps_what_lasts_and_renews_what_ends_soon(tmp_path: Path) -> None:
    first = now()
    files = renew_certificates(tmp_path, first)
    authority, own = mark(files.authority), mark(files.certificate)
    renew_certificates(tmp_path, first + LIFE - LEFT_MIN - DAY)
    assert (mark(files.authority), mark(files.certificate)) == (authority, own)
    later = first + LIFE - LEFT_MIN + DAY
    renew_certificates(tmp_path, later)
    assert mark(files.authority) == authority, "no trust is lost"
    renewed = x509.load_pem_x509_certificate(mark(files.certificate))
    assert renewed.not_valid_after_utc == (later + LIFE).replace(microsecond=0)


async def test_low_a_stack_renews_while_it_runs_and_after_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "RENEW_EVERY_SECONDS", 0.01)
    files = renew_certificates(tmp_path, now() - LIFE - DAY)
    assert "expired" in await handshake(files, Site.DESK.host)
    failures, write = [OSError(28, "no space left")], certificates._write

    def fail_once(*told: Any) -> None:
        if failures:
            raise failures.pop()
        write(*told)

    monkeypatch.setattr(certificates, "_write", fail_once)
    renewing = asyncio.create_task(certificates.keep_renewed(tmp_path))

    async def renewed() -> bool:
        return await handshake(files, Site.DESK.host) == ""

    await until(renewed)
    assert not failures
    assert not renewing.done()
    renewing.cancel()


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    first = now()
    files = renew_certificates(tmp_path, first)
    authority = mark(files.authority)
    late = first + AUTHORITY_LIFE - LIFE + DAY
    renew_certificates(tmp_path, late)
    assert mark(files.authority) != authority
    made, own = (x509.load_pem_x509_certificate(mark(file)) for file in (files.authority, files.certificate))
    own.verify_directly_issued_by(made)
    assert made.not_valid_after_utc > own.not_valid_after_utc


@pytest.mark.parametrize("lost", ["authority", "authority_key", "certificate", "key"])
@pytest.mark.parametrize("how", ["missing", "broken", "another's"])
async def test_what_is_lost_is_made_again(tmp_path: Path, lost: str, how: str) -> None:
    files = renew_certificates(tmp_path / "home", now())
    another = renew_certificates(tmp_path / "another", now())
    file: Path = getattr(files, lost)
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes(b"-----BEGIN" if how == "broken" else getattr(another, lost).read_bytes())
    renew_certificates(tmp_path / "home", now())
    assert await handshake(files, Site.DESK.host) == ""


def test_a_certificate_for_fewer_names_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(certificates, "NAMES", {Site.DESK.host: Site.DESK})
        files = renew_certificates(tmp_path, now())
    renew_certificates(tmp_path, now())
    own = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    assert len(list(own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)) == len(NAMES)
