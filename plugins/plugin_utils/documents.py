# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an opened value is returned as: text, base64, or the content of a document."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.common.yaml import yaml_load
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SettingError
from yaml import YAMLError

ENCODINGS = ("text", "base64", "json", "yaml")


def encoded(name: str, plaintext: bytes, encoding: str) -> Any:
    """An opened value in one of the ``ENCODINGS``; raises :class:`SettingError` where it does not fit, which shows nothing of it.

    :param name: what the value is called.
    """
    if encoding == "base64":
        return base64.b64encode(plaintext).decode()
    try:
        text = plaintext.decode()
        if encoding == "json":
            return json.loads(text)
        return yaml_load(text) if encoding == "yaml" else text
    # The errors' own words would show what the value holds.
    except UnicodeDecodeError:
        raise _misfit(f"{name} opens, but it is not UTF-8.", "Use encoding=base64.") from None
    except (ValueError, YAMLError):
        raise _misfit(f"{name} opens, but it is no {encoding.upper()} document.", "") from None


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
            elif isinstance(found, list):
                found = found[int(step)]
            else:
                raise KeyError(step)
        except (KeyError, IndexError, ValueError):
            shown = ".".join(str(each) for each in path[: depth + 1])
            raise KeyError(f"{name} opens, but it holds nothing at {shown}.") from None
    return found


def _misfit(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="malformed_document", remedy=remedy)
