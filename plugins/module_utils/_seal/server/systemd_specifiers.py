# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ``%`` specifiers of a system unit: systemd.unit(5), "Specifiers". Those that change with each start, such as ``%b``, are unknown."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from ..regular_files import read_regular
from .systemd_environment import systemd_release

_SPECIFIER = re.compile(rb"%(.?)", re.DOTALL)
_POSSIBLE = re.compile(rb"[A-Za-z0-9]")
_ESCAPED = re.compile(rb"\\x([0-9a-fA-F]{2})")

# Those of the system's service manager, which runs as root.
_FIXED = {
    b"t": b"/run", b"S": b"/var/lib", b"C": b"/var/cache", b"L": b"/var/log", b"E": b"/etc",
    b"h": b"/root", b"u": b"root", b"U": b"0", b"g": b"root", b"G": b"0", b"T": b"/tmp", b"V": b"/var/tmp", b"%": b"%",
}
_MACHINES = {
    "x86_64": b"x86-64", "i386": b"x86", "i486": b"x86", "i586": b"x86", "i686": b"x86", "aarch64": b"arm64", "armv6l": b"arm", "armv7l": b"arm",
    "ppc64le": b"ppc64-le", "ppc64": b"ppc64", "s390x": b"s390x", "riscv64": b"riscv64", "loongarch64": b"loongarch64",
}
_OS_RELEASE_FILES = ("/etc/os-release", "/usr/lib/os-release")
_MACHINE_ID = "/etc/machine-id"
# Those that are others of a user's service manager.
_OF_THE_MANAGER = b"tSCLEhuUgGd"
# The releases of systemd that brought a specifier, where hosts with an older one are still met: those keep the letters as they are.
_SINCE = {b"d": 250, b"y": 251, b"Y": 251, b"A": 248, b"M": 248, b"a": 247, b"l": 247, b"o": 247, b"w": 247, b"W": 247, b"B": 247}


class Specifiers:
    """The known specifiers of one unit."""

    def __init__(self, unit: str, path: str = "") -> None:
        name = unit.encode()
        without_type = name.rpartition(b".")[0]
        prefix, _at, instance = without_type.partition(b"@")
        last = prefix.rpartition(b"-")[2]
        self._values: dict[bytes, bytes | None] = {
            **_FIXED,
            b"n": name, b"N": without_type, b"p": prefix, b"i": instance, b"j": last, b"d": b"/run/credentials/" + name,
            b"P": _unescaped(prefix), b"I": _unescaped(instance), b"J": _unescaped(last), b"f": _as_path(instance if _at else prefix),
            b"y": os.fsencode(path) or None, b"Y": os.fsencode(os.path.dirname(path)) or None,
        }
        self.of_user = os.path.basename(os.path.dirname(path)) == "user"
        """Whether the unit is one of a user's service manager."""
        if self.of_user:
            self._values.update({bytes([sign]): None for sign in _OF_THE_MANAGER})

    def resolve(self, word: bytes) -> bytes | None:
        """The word with its specifiers resolved; None if that is unknown, such as the host's name or the letter of a newer release."""
        parts: list[bytes] = []
        at = 0
        for match in _SPECIFIER.finditer(word):
            sign = match.group(1)
            value = self._value(sign) if sign == b"%" or _POSSIBLE.match(sign) else match.group()
            if value is None:
                return None
            parts.extend((word[at : match.start()], value))
            at = match.end()
        return b"".join([*parts, word[at:]])

    def _value(self, sign: bytes) -> bytes | None:
        if sign in _SINCE and (systemd_release() or _SINCE[sign]) < _SINCE[sign]:
            return None
        if sign not in self._values and sign in _OF_THE_HOST:
            self._values[sign] = _OF_THE_HOST[sign]()
        return self._values.get(sign)


def _host_name() -> bytes | None:
    return os.fsencode(os.uname().nodename) or None


def _machine_id() -> bytes | None:
    try:
        content = read_regular(_MACHINE_ID, 64).strip()
    except OSError:
        return None
    return content if re.fullmatch(rb"[0-9a-f]{32}", content) else None


def _of_os_release(name: str) -> bytes | None:
    """A value of os-release(5), empty if it is not set; None if the file cannot be read or its quoting is not simple."""
    for path in _OS_RELEASE_FILES:
        try:
            lines = read_regular(path, 65536).decode().splitlines()
        except (OSError, ValueError):
            continue
        value = next((line.partition("=")[2].strip() for line in reversed(lines) if line.startswith(f"{name}=")), "")
        match = re.fullmatch(r"""(["']?)([^"'\\$`]*)\1""", value)
        return match.group(2).encode() if match else None
    return None


_OF_THE_HOST: dict[bytes, Callable[[], bytes | None]] = {
    b"H": _host_name,
    b"l": lambda: (_host_name() or b"").partition(b".")[0] or None,
    b"m": _machine_id,
    b"v": lambda: os.fsencode(os.uname().release),
    b"a": lambda: _MACHINES.get(os.uname().machine),
    b"o": lambda: _of_os_release("ID"),
    b"w": lambda: _of_os_release("VERSION_ID"),
    b"W": lambda: _of_os_release("VARIANT_ID"),
    b"A": lambda: _of_os_release("IMAGE_VERSION"),
    b"B": lambda: _of_os_release("BUILD_ID"),
    b"M": lambda: _of_os_release("IMAGE_ID"),
}


def _as_path(name: bytes) -> bytes | None:
    """A part of a unit's name as an absolute path."""
    plain = _unescaped(name)
    return None if plain is None else b"/" + plain.lstrip(b"/")


def _unescaped(name: bytes) -> bytes | None:
    """A part of a unit's name as a path; None where its escapes are not whole."""
    plain = name.replace(b"-", b"/")
    if plain.count(b"\\") != len(_ESCAPED.findall(plain)):
        return None
    return _ESCAPED.sub(lambda match: bytes([int(match.group(1), 16)]), plain)
