# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ``%`` specifiers of a system unit, as far as the unit's name tells them: systemd.unit(5), "Specifiers"."""

from __future__ import annotations

import re

_SPECIFIER = re.compile(rb"%(.?)", re.DOTALL)
_POSSIBLE = re.compile(rb"[A-Za-z0-9]")
_ESCAPED = re.compile(rb"\\x([0-9a-fA-F]{2})")

# Those of the system's service manager, which runs as root.
_FIXED = {
    b"t": b"/run", b"S": b"/var/lib", b"C": b"/var/cache", b"L": b"/var/log", b"E": b"/etc",
    b"h": b"/root", b"u": b"root", b"U": b"0", b"g": b"root", b"G": b"0", b"%": b"%",
}


class Specifiers:
    """What is told of the specifiers of one unit."""

    def __init__(self, unit: str) -> None:
        name = unit.encode()
        without_type = name.rpartition(b".")[0]
        prefix, _at, instance = without_type.partition(b"@")
        last = prefix.rpartition(b"-")[2]
        self._values: dict[bytes, bytes | None] = {
            **_FIXED,
            b"n": name, b"N": without_type, b"p": prefix, b"i": instance, b"j": last, b"d": b"/run/credentials/" + name,
            b"P": _unescaped(prefix), b"I": _unescaped(instance), b"J": _unescaped(last),
        }

    def resolve(self, word: bytes) -> bytes | None:
        """The word with its specifiers resolved; None where that cannot be told, as of the host's name or of a letter that a release may know."""
        parts: list[bytes] = []
        at = 0
        for found in _SPECIFIER.finditer(word):
            sign = found.group(1)
            value = self._values.get(sign) if sign == b"%" or _POSSIBLE.match(sign) else found.group()
            if value is None:
                return None
            parts.extend((word[at : found.start()], value))
            at = found.end()
        return b"".join([*parts, word[at:]])


def _unescaped(name: bytes) -> bytes | None:
    """A part of a unit's name as a path; None where its escapes are not whole."""
    plain = name.replace(b"-", b"/")
    if plain.count(b"\\") != len(_ESCAPED.findall(plain)):
        return None
    return _ESCAPED.sub(lambda found: bytes([int(found.group(1), 16)]), plain)
