"""The programs of Debian that tests run. `.ci/run` installs their packages where they are missing."""

import os
import shutil

import pytest

PACKAGES = {"chromium": "chromium", "nginx": "nginx-light", "openssl": "openssl", "promtool": "promtool"}
"""The package of each program."""
FOLDERS = "/usr/sbin:/usr/local/sbin"
"""Folders that only root's PATH has."""


def debian_program(name: str) -> str:
    """Return the path of a program. Fails the test if it is missing, and says how to install it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{FOLDERS}")
    if found is None:
        pytest.fail(f"{name} is missing; as root, once: apt-get install --no-install-recommends {PACKAGES[name]}")
    return found
