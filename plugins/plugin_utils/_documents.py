# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an opened value is returned as: text, base64, or the content of a document.

All plugins on the controller read documents here, with Ansible's own loader, so that `!unsafe` and `!vault` mean everywhere what they mean in a plain
file. An opened document is a secret: whatever goes wrong with it, the error shows a line and a column of it at most, and carries no other exception,
since tracebacks and ansible-core show the chain of those.
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
except ImportError:  # ansible-core before 2.19 takes every text of a variables file for a template

    def trust_as_template(value: Any) -> Any:
        """Trust is not marked."""
        return value


ENCODINGS = ("text", "base64", "json", "yaml")

_INDEX = re.compile(r"-?[0-9]{1,9}")
_NO_VAULT_PASSWORD = "it holds a !vault value, and no vault password was given"


class DocumentError(ValueError):
    """Why something is not a document; the text continues a sentence such as "FILE opens, but" and shows nothing of the document."""


def encoded(name: str, plaintext: bytes, encoding: str, loader: Any = None) -> Any:
    """An opened value in one of the ``ENCODINGS``; raises :class:`SettingError` where it does not fit, which shows nothing of it.

    :param name: what the value is called.
    :param loader: Ansible's own, which knows the passwords of ansible-vault; None for one without.
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
    raise SettingError(f"{name} opens, but {fault}.", reason="malformed_document", remedy=remedy)


def read_document(plaintext: bytes, loader: Any = None, *, templates: bool = False, path: str | None = None) -> Any:
    """The content of a YAML or JSON document; raises :class:`DocumentError`.

    :param loader: Ansible's own, which knows the passwords of ansible-vault; None for one without.
    :param templates: whether texts in it may be templates.
    :param path: of the file that it comes from.
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
    """What something is that was to be a document, as words of a :class:`DocumentError`; empty where nothing is known of it."""
    foreign = identify(plaintext, DOCUMENT)
    return f"{foreign.what}, not a YAML or JSON document" if foreign else ""


def at_path(name: str, document: Any, path: Sequence[Any]) -> Any:
    """What stands in a document at a path of names and of indexes of lists, which count from 0 and from the end where negative.

    Raises :class:`KeyError` with a sentence about where the path leaves the document, which shows nothing of it.
    """
    found = document
    for depth, step in enumerate(path):
        try:
            if isinstance(found, Mapping):
                named = next((name for name in found if str(name) == str(step)), step)  # a name can be a number in YAML
                found = found[named]
            elif isinstance(found, list) and _INDEX.fullmatch(str(step)):
                found = found[int(step)]
            else:
                raise KeyError(step)
        except (KeyError, IndexError):
            shown = ".".join(str(each) for each in path[: depth + 1])
            raise KeyError(f"{name} opens, but it holds nothing at {shown}.") from None
    return found


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
    # The parser's own words would show what the document holds.
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
