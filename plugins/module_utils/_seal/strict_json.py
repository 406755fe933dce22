# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON of foreign origin, read strictly and within limits: RFC 8259, which has neither NaN nor numbers beyond every size.

The standard library's reader takes NaN and Infinity, the last of two members of one name, integers of any length (in time that grows with its square
before Python 3.11), and nesting up to a depth at which what it returns can be neither shown nor compared.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 100
"""How many arrays and objects may lie within each other."""

MAX_DIGITS = 400
"""Characters of a number. The largest 64-bit integer has 19 digits, the longest exact float some 770, which does not occur in practice."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class JsonError(ValueError):
    """A text that is not JSON. Its message does not quote the text; ``line`` and ``column`` count from 1, and are 0 if unknown."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def read_json(content: str | bytes | bytearray, *, surrogates: bool = False) -> Any:
    """The document; raises :class:`JsonError` for everything that is not JSON, is not UTF-8 or is beyond the limits.

    :param surrogates: whether texts may hold halves of a surrogate pair (``\\ud800``), which cannot be written as UTF-8.
    """
    fault: JsonError | None = None
    document: Any = None
    text = ""
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        document = json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        fault = JsonError("it is not JSON", error.lineno, error.colno)
    except JsonError as error:
        fault = JsonError(str(error))
    except UnicodeDecodeError:
        fault = JsonError("it is not UTF-8")
    except (RecursionError, MemoryError):
        fault = JsonError(_TOO_DEEP)
    except ValueError:
        fault = JsonError("it is not JSON")
    # Not within an except clause: the error there may hold the text, and would be this one's context.
    if fault is None and _is_too_deep(document):
        fault = JsonError(_TOO_DEEP)
    if fault is None and not surrogates and _SURROGATE.search(text) and not _is_writable(document):
        fault = JsonError("a string contains half of a surrogate pair")
    if fault is not None:
        raise fault
    return document


_TOO_DEEP = f"it has more than {MAX_DEPTH} levels"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonError("an object has a duplicate key")
    return members


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise JsonError(f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _float(text: str) -> float:
    value = float(text) if len(text) <= MAX_DIGITS else math.inf
    if math.isinf(value):
        raise JsonError("a number is too large")
    return value


def _constant(_name: str) -> Any:
    raise JsonError("NaN and Infinity are not JSON")


def _is_writable(document: Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_too_deep(document: Any) -> bool:
    """Whether anything lies deeper than the limit; walks level by level, and never into itself."""
    level = [document]
    for _depth in range(MAX_DEPTH + 1):
        level = [
            each
            for container in level
            if isinstance(container, (dict, list))
            for each in (container.values() if isinstance(container, dict) else container)
            if isinstance(each, (dict, list))
        ]
        if not level:
            return False
    return True
