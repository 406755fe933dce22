# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms in which a decrypted value is returned: text, base64, or the content of a document.

All plugins on the controller parse documents here, with Ansible's own loader, so that `!unsafe` and `!vault` have the same meaning as in a plain
file. A decrypted document is a secret: errors contain at most a line and a column of it, and are not chained to other exceptions,
because tracebacks and ansible-core show the chain.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.foreign_formats import DOCUMENT, identify
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.strict_json import JsonError, read_json
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._yaml_limits import LimitError, check_limits

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core before 2.19 evaluates every string of a variables file as a template

    def trust_as_template(value: Any) -> Any:
        """Trust is not marked."""
        return value


ENCODINGS = ("text", "base64", "json", "yaml")

_INDEX = re.compile(r"-?[0-9]{1,9}")
_NO_VAULT_PASSWORD = "it contains a !vault value, and no vault password was specified"


class DocumentError(ValueError):
    """Why something is not a document; the text continues a sentence such as "FILE was decrypted, but" and never shows its content."""


def encoded(name: str, plaintext: bytes, encoding: str, loader: Any = None) -> Any:
    """A decrypted value in one of the ``ENCODINGS``; raises :class:`SettingError` if it cannot be converted, without its content.

    :param name: the name of the value.
    :param loader: Ansible's loader, which has the passwords of ansible-vault; None for a loader without passwords.
    """
    if encoding == "base64":
        return base64.b64encode(plaintext).decode()
    fault, remedy = "", ""
    try:
        if encoding == "json":
            return _json(plaintext)
        return read_document(plaintext, loader) if encoding == "yaml" else plaintext.decode()
    except UnicodeDecodeError:
        fault, remedy = "it is not UTF-8", "Use encoding=base64."
    except DocumentError as error:
        fault = str(error)
    raise SettingError(f"{name} was decrypted, but {fault}.", reason="malformed_document", remedy=remedy)


def read_document(plaintext: bytes, loader: Any = None, *, templates: bool = False, path: str | None = None) -> Any:
    """The content of a YAML or JSON document; raises :class:`DocumentError`.

    :param loader: Ansible's loader, which has the passwords of ansible-vault; None for a loader without passwords.
    :param templates: whether strings in it are evaluated as templates.
    :param path: the path of the source file.
    """
    fault = ""
    try:
        text = plaintext.decode("utf-8-sig")
        if not _is_json(text):
            check_limits(text)
        return (loader or DataLoader()).load(trust_as_template(text) if templates else text, file_name=path, show_content=False)
    except UnicodeDecodeError:
        fault = "it is not UTF-8"
    except LimitError as error:
        fault = f"{error} (line {error.line}, column {error.column})"
    except MemoryError:
        fault = "it is too large"
    except Exception as error:  # a parser of hostile text: KeyError, OverflowError and RecursionError among others
        fault = _NO_VAULT_PASSWORD if _lacks_vault_password(error) else f"it is not a YAML or JSON document{_place(error)}"
    raise DocumentError(foreign_format(plaintext) or fault)


def foreign_format(plaintext: bytes) -> str:
    """The known format of something that is not a document, as the text of a :class:`DocumentError`; empty if unknown."""
    foreign = identify(plaintext, DOCUMENT)
    return f"{foreign.what}, not a YAML or JSON document" if foreign else ""


def at_path(name: str, document: Any, path: Sequence[Any]) -> Any:
    """The value in a document at a path of names and list indexes, which count from 0, or from the end if negative.

    Raises :class:`KeyError` with a sentence that names the missing part of the path, without content of the document.
    """
    value = document
    for depth, step in enumerate(path):
        try:
            if isinstance(value, Mapping):
                named = next((name for name in value if str(name) == str(step)), step)  # a name can be a number in YAML
                value = value[named]
            elif isinstance(value, list) and _INDEX.fullmatch(str(step)):
                value = value[int(step)]
            else:
                raise KeyError(step)
        except (KeyError, IndexError):
            shown = ".".join(str(each) for each in path[: depth + 1])
            raise KeyError(f"{name} was decrypted, but it contains no value at {shown}.") from None
    return value


def _json(plaintext: bytes) -> Any:
    fault = ""
    try:
        return read_json(plaintext)
    except JsonError as error:
        where = f" (line {error.line}, column {error.column})" if error.line else ""
        fault = f"it is not a JSON document{where}" if where else f"it is not a JSON document: {error}"
    raise DocumentError(foreign_format(plaintext) or fault)


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        read_json(text)
    except JsonError:
        return False
    return True


def _lacks_vault_password(error: BaseException) -> bool:
    return any("no vault password provided" in str(getattr(each, "problem", "")) for each in _chain(error))


def _place(error: BaseException) -> str:
    # The parser's message would show content of the document.
    for each in _chain(error):
        mark = getattr(each, "problem_mark", None)
        if mark is not None:
            return f" (line {mark.line + 1}, column {mark.column + 1})"
    return ""


def _chain(error: BaseException) -> list[Any]:
    chain: list[Any] = []
    cause: Any = error
    while isinstance(cause, BaseException) and cause not in chain and len(chain) < 20:
        chain.append(cause)
        cause = getattr(cause, "orig_exc", None) or cause.__cause__ or cause.__context__
    return chain
