"""A bank's folder of the ISO 20022 spool: `out/` has requests of the police, `in/` has answers of the bank."""

from pathlib import Path
from uuid import uuid4

SPOOL_POLL_WALL_SECONDS = 0.1


def collect(out: Path) -> list[bytes]:
    """Return and delete the files in `out`, the oldest first."""
    found = sorted(out.glob("[!.]*.xml"), key=lambda path: path.stat().st_mtime_ns) if out.is_dir() else []
    bodies = []
    for path in found:
        bodies.append(path.read_bytes())
        path.unlink()
    return bodies


def put_answer(folder: Path, body: bytes) -> str:
    """Put a complete file into `in/` of a bank's folder; return its name."""
    target = folder / "in"
    target.mkdir(parents=True, exist_ok=True)
    name = f"{uuid4().hex}.xml"
    draft = target / f".{name}"
    draft.write_bytes(body)
    draft.replace(target / name)
    return name


def was_accepted(folder: Path, name: str) -> bool | None:
    """Return whether the police accepted or refused a file, or None while it is not processed."""
    if (folder / "done" / name).exists():
        return True
    return False if (folder / "refused" / name).exists() else None
