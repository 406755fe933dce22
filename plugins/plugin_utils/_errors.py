# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the keywords of lookups, and converts a SealError into an Ansible error with a remedy for the controller."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError

_OF_ANSIBLE = ("wantlist",)  # given to lookups by with_... of ansible-core before 2.19
_FROM_THE_ENVIRONMENT = ("expired_credentials", "no_credentials", "no_key", "no_region")
_NO_TASK_ENVIRONMENT = (
    "This ran on the controller, in Ansible's own process, where the environment keyword of a task or play has no effect: set the variables "
    "in the environment of Ansible, or set the options in the call or in section [awskms] of ansible.cfg."
)


def check_keywords(plugin: Any, keywords: dict[str, Any]) -> None:
    """Reject unknown options, which Ansible ignores: a misspelt allowed_key_ids would trust every key. Raises :class:`SettingError`."""
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


def on_controller(error: SealError) -> SealError:
    """The error, with a remedy that explains from where a plugin on the controller reads credentials, region and key, if these are missing."""
    if error.reason not in _FROM_THE_ENVIRONMENT or _NO_TASK_ENVIRONMENT in error.remedy:
        return error
    remedy = f"{error.remedy} {_NO_TASK_ENVIRONMENT}".lstrip()
    return type(error)(error.message, reason=error.reason, remedy=remedy, details=error.details)


@contextmanager
def lookup_errors() -> Iterator[None]:
    """Turn a SealError into an Ansible error of the same words: the kind that a lookup's ``errors`` option governs."""
    try:
        yield
    except SealError as error:
        raise AnsibleLookupError(str(on_controller(error))) from None
