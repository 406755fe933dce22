# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller edge: a plugin's options become the core's, and a SealError an Ansible error."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.connection import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.errors import SealError, SettingError

_VARIABLES = "ansible_awskms_"
_ORIGINS = {"env: ": "environment variable ", "var: ": "variable "}
_OF_ANSIBLE = ("wantlist",)  # given to lookups by with_... of ansible-core before 2.19
_OF_THE_CALL = ("default", "direct", "keyword")


def connection_options(plugin: Any, variables: dict[str, Any]) -> ConnectionOptions:
    """What keywords, variables, environment and ansible.cfg say of the way to KMS, and which of them said it.

    :param variables: those that the plugin's options were set with.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for field in dataclasses.fields(ConnectionOptions):
        if field.name == "sources":
            continue
        value = plugin.get_option(field.name)
        if value is None:
            continue
        values[field.name] = value
        # ansible-core before 2.19 looks for the value anew here, without the call's keywords.
        found, origin = plugin.get_option_and_origin(field.name, hostvars=variables)
        if found == value and origin and str(origin).lower() not in _OF_THE_CALL:
            sources[field.name] = _in_words(str(origin))
    return ConnectionOptions(**values, sources=sources)


def own_variables(plugin: Any, variables: dict[str, Any] | None) -> dict[str, Any]:
    """The variables that are options of this collection's plugins, with the templates in them resolved.

    Ansible gives lookups their variables as they were written.
    """
    found = {name: value for name, value in (variables or {}).items() if name.startswith(_VARIABLES)}
    return {name: plugin._templar.template(value) for name, value in found.items()}


def check_keywords(plugin: Any, keywords: dict[str, Any]) -> None:
    """Refuse what is no option, which Ansible drops: a misspelt allowed_key_ids would trust every key. Raises :class:`SettingError`."""
    options = {name: option for name, option in plugin.option_definitions.items() if not name.startswith("_")}
    known = {*_OF_ANSIBLE, *options, *(alias for option in options.values() for alias in option.get("aliases", ()))}
    for name in keywords:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), 1)
            raise SettingError(
                f"This lookup has no option {name}.",
                reason="invalid_option",
                remedy=f"Did you mean {near[0]}?" if near else f"Its options are {', '.join(sorted(options))}.",
            )


@contextmanager
def lookup_errors() -> Iterator[None]:
    """Turn a SealError into an Ansible error of the same words: the kind that a lookup's ``errors`` option governs."""
    try:
        yield
    except SealError as error:
        raise AnsibleLookupError(str(error)) from None


def _in_words(origin: str) -> str:
    for prefix, words in _ORIGINS.items():
        if origin.startswith(prefix):
            return words + origin[len(prefix) :]
    return origin
