"""Paths of the public pages."""

from typing import Final

DOORS_PATH: Final = "/"
"""the first page of every host, which leads everybody to their own"""
ABOUT_PATH: Final = "/about"
LEAVE_PATH: Final = "/leave"
