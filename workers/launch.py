"""Become another program that ends with the process which started it. Run by path, without any package.

    python -I -S launch.py PARENT_PID DEATH_SIGNAL IDENTITY COMMAND…

The kernel sends DEATH_SIGNAL (a number) when the parent ends, even by kill -9. IDENTITY is one of:

* `same`: keep the current user.
* `namespace:UID:GID`: be that user inside a user namespace, and the current user outside. PostgreSQL refuses to run as
  root. The namespace satisfies it and changes no user, owner or mode.
* `drop:UID:GID`: give up root for that user, if namespaces are forbidden. Only the right to pass folders
  (CAP_DAC_OVERRIDE) is kept, because the program and its data may lie below a folder that is closed to others.
  `access(2)` ignores the capabilities of a user who is not root, and PostgreSQL checks its own program file with it.
  The secure bit NO_SETUID_FIXUP stays over `exec` and makes `access` count them.

Linux only. It makes kernel calls directly, because not every machine has `unshare` and `setpriv`.
"""

import ctypes
import os
import sys
from typing import NoReturn

FAILED = 125  # the exit code by which `env` and `timeout` report a failure of the launcher, not of the program
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySet(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _prctl(option: int, first: int, second: int = 0) -> None:
    arguments = [ctypes.c_ulong(value) for value in (first, second, 0, 0)]
    _checked(_libc.prctl(option, *arguments), f"prctl({option})")


def _write_kernel_file(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _enter_namespace(user: int, group: int) -> None:
    outside_user, outside_group = os.geteuid(), os.getegid()
    _checked(_libc.unshare(CLONE_NEWUSER), "user namespace")
    # The kernel requires this before it maps a group.
    _write_kernel_file("/proc/self/setgroups", "deny")
    _write_kernel_file("/proc/self/uid_map", f"{user} {outside_user} 1")
    _write_kernel_file("/proc/self/gid_map", f"{group} {outside_group} 1")


def _drop_to(user: int, group: int) -> None:
    # The capabilities outlast the change of user. All but one are then dropped.
    _prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    header = _CapabilityHeader(CAPABILITY_VERSION_3, 0)
    mask = 1 << CAP_DAC_OVERRIDE
    sets = (_CapabilitySet * 2)(_CapabilitySet(mask, mask, mask), _CapabilitySet(0, 0, 0))
    _checked(_libc.capset(ctypes.byref(header), ctypes.byref(sets)), "capset")
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE)


def _become(identity: str) -> None:
    kind, _, rest = identity.partition(":")
    if kind == "same":
        return
    user, group = (int(part) for part in rest.split(":"))
    if kind == "namespace":
        _enter_namespace(user, group)
    elif kind == "drop":
        _drop_to(user, group)
    else:
        raise ValueError(f"no such identity: {identity}")


def main(arguments: list[str]) -> NoReturn:
    """Replace this process with the command; exit with code 125 if that fails."""
    parent, death_signal, identity, *command = arguments
    try:
        _become(identity)
        # This comes last, because a change of identity clears it.
        _prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != int(parent):
            raise ProcessLookupError("the parent ended before its child began")
        os.execv(command[0], command)  # noqa: S606 - this program's purpose
    except (OSError, ValueError) as failure:
        sys.stderr.write(f"launch: {command[0]}: {failure}\n")
        sys.exit(FAILED)


if __name__ == "__main__":
    main(sys.argv[1:])
