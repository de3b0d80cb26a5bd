"""A bank's folder of the ISO 20022 spool: `out/` is what the police ask, `in/` is what the bank answers."""

from pathlib import Path
from uuid import uuid4

LOOK_EVERY_WALL_SECONDS = 0.1


def take_away(out: Path) -> list[bytes]:
    """What is in `out`, the oldest first; it is taken away."""
    found = sorted(out.glob("[!.]*.xml"), key=lambda path: path.stat().st_mtime_ns) if out.is_dir() else []
    bodies = []
    for path in found:
        bodies.append(path.read_bytes())
        path.unlink()
    return bodies


def put_answer(folder: Path, body: bytes) -> str:
    """Put a file into `in/` of a bank's folder, whole; gives its name."""
    target = folder / "in"
    target.mkdir(parents=True, exist_ok=True)
    name = f"{uuid4().hex}.xml"
    draft = target / f".{name}"
    draft.write_bytes(body)
    draft.replace(target / name)
    return name


def was_taken(folder: Path, name: str) -> bool | None:
    """Whether the police took a file, or refused it; None while it lies there."""
    if (folder / "done" / name).exists():
        return True
    return False if (folder / "refused" / name).exists() else None
