#!/usr/bin/env bash
# Resolve the dependencies of pyproject.toml again and pin each by hash, for every platform, naming no server.
# Needs an environment that is set up. To take newer versions: `make lock UPGRADE=--upgrade`.
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "$@")
.venv/bin/uv pip compile pyproject.toml "${options[@]}" -o requirements/runtime.txt
.venv/bin/uv pip compile pyproject.toml --group dev -c requirements/runtime.txt "${options[@]}" -o requirements/dev.txt
echo uv | .venv/bin/uv pip compile - -c requirements/dev.txt "${options[@]}" -o requirements/bootstrap.txt
# The peers of `goldenhour bench peers` have an environment of their own, with our versions of what both use.
.venv/bin/uv pip compile benchmarks/peers/requirements.in -c requirements/runtime.txt "${options[@]}" \
    -o benchmarks/peers/requirements.txt
# The npm packages of the OpenID provider that tests run.
read -r node npm < <(.venv/bin/python -c 'from tests.oidc_provider.packages import node; print(*node())')
if [[ " $* " == *" --upgrade "* ]]; then change=update; else change=install; fi
(cd tests/oidc_provider && "$node" "$npm" "$change" --package-lock-only)
# The npm packages of the console.
(cd console && "$node" "$npm" "$change" --package-lock-only)
if grep -nE '://|--(extra-)?index-url|--find-links' requirements/*.txt benchmarks/peers/requirements.txt \
    || grep -n '"resolved"' tests/oidc_provider/package-lock.json console/package-lock.json; then
    echo "a lock file names a server" >&2
    exit 1
fi
