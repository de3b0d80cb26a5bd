"""Evidence packs taken apart and put together otherwise, and what an expert sees of it."""

import io
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from activities.evidence.archive import PackWriter, check
from activities.evidence.pack import public_key
from activities.secrets import SecretBox
from documents.timeline import HOW_TO_VERIFY
from domain.evidence_binding import MANIFEST, SIGNATURE, NotEvidence
from tests.debian_programs import debian_program
from tests.factories import SECRET

Files = dict[str, bytes]
RECIPE = re.findall(r"^```sh\n(.*?)^```$", HOW_TO_VERIFY.read_text(), re.DOTALL | re.MULTILINE)


@contextmanager
def written(archive: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.zip"
        path.write_bytes(archive)
        yield path


def is_whole(archive: bytes) -> bool:
    with written(archive) as path:
        try:
            check(path)
        except NotEvidence:
            return False
    return True


def zipped(files: Mapping[str, bytes]) -> bytes:
    """An archive of these files as we write them, whatever is in them."""
    into = io.BytesIO()
    with PackWriter(into) as writer:
        for name, content in files.items():
            if name not in {MANIFEST, SIGNATURE}:
                writer.add(name, content)
        writer.end(files[MANIFEST], files[SIGNATURE])
    return into.getvalue()


def experts_word(files: Mapping[str, bytes]) -> str:
    """What an expert sees who does what the page says; nothing where all holds."""
    debian_program("openssl")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "unpacked"
        for name, content in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        (Path(folder) / "police-key.pem").write_bytes(public_key(SecretBox(SECRET)))
        for step, commands in enumerate(RECIPE):
            done = subprocess.run(
                ["/bin/sh", "-e"], input=commands, cwd=root, capture_output=True, text=True, check=False
            )
            said = (done.stdout + done.stderr).replace("Signature Verified Successfully\n", "")
            if done.returncode or said:
                return f"step {step}: {done.returncode} {said}"
    return ""


def unzipped(archive: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def resigned(files: Mapping[str, bytes], key: Ed25519PrivateKey) -> Files:
    """These files with a list of checksums that fits, signed by `key`."""
    into = io.BytesIO()
    with PackWriter(into) as writer:
        for name, content in files.items():
            if name not in {MANIFEST, SIGNATURE}:
                writer.add(name, content)
        writer.seal(key)
    return unzipped(into.getvalue())
