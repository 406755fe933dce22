# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module awskms_alias does: let an alias lead to another key, once that key is known to serve a seal."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import CONNECTIVITY_REASONS, KmsError, SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import Kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_facts import key_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, open_for_key, parse_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

_DELAY = 0.5  # seconds between two questions whether KMS has taken the change


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError`."""
    params = module.params
    alias = _alias(params["alias"])
    key = _key(Sourced(params["kms_key_id"], "option kms_key_id"))
    expected = _key(Sourced(params["expected_key_id"], "option expected_key_id")) if params["expected_key_id"] is not None else None
    clients = KmsClients(connection_options(params))
    kms, key_id = open_for_key(clients, key, region_source="the key's ARN")
    before: str = kms.describe_key(alias)["Arn"]
    metadata = kms.describe_key(key_id)
    after: str = metadata["Arn"]
    changed = before != after
    if changed:
        _check_expected(alias, before, expected.reference if expected else None)
        _check_usable(metadata)
    if changed and not module.check_mode:
        _change(kms, alias, before, after, params["timeout"])
    result = {"changed": changed, "alias": alias, "key_id": after, "old_key_id": before, "connection": clients.connection()}
    if module._diff:
        result["diff"] = {"before": f"{alias} -> {before}\n", "after": f"{alias} -> {after}\n"}
    return result


def _alias(text: str) -> str:
    """The name of an alias; KMS takes no ARN of one where it changes it."""
    reference = parse_key(Sourced(text, "option alias"))
    if not reference.is_alias or reference.is_arn:
        raise SettingError(f"{text} (from option alias) is not the name of an alias.", reason="invalid_option", remedy="Give it as alias/NAME.")
    if text.startswith("alias/aws/"):
        raise SettingError(
            f"{text} (from option alias) is an alias that AWS manages.", reason="invalid_option", remedy="Name an alias of your own: alias/aws/ is reserved."
        )
    return text


def _key(named: Sourced) -> Key:
    key = Key.parse(named)
    if key.reference.is_alias:
        # KMS takes none here, and what is pinned must not follow whatever another alias leads to.
        raise SettingError(f"{key} is an alias.", reason="invalid_option", remedy="Name the key itself, by its ID or ARN.")
    return key


def _check_expected(alias: str, before: str, expected: KeyReference | None) -> None:
    """Raise unless the alias leads to where the task expects; somebody else may have moved it since it was looked at."""
    found = KeyReference.parse(before)
    if expected is not None and not expected.matches(found):
        raise KmsError(
            f"{alias} leads to {before}, which is neither the expected key {expected} nor the new one. It is left as it is.",
            reason="wrong_key",
            remedy="Find out who moved it and why; then name the key that it leads to in expected_key_id.",
            details={"old_key_id": before},
        )


def _check_usable(metadata: dict[str, Any]) -> None:
    problems = key_problems(metadata, datetime.now(timezone.utc))
    if problems:
        message = f"No seal could use the key {metadata['Arn']}: {problems[0].msg} The alias is left as it is."
        raise SealError.of(problems[0]._replace(msg=message))


def _change(kms: Kms, alias: str, before: str, after: str, seconds: float) -> None:
    """Whatever fails from here on, the error says where the alias led: nobody else remembers it."""
    taken = False
    try:
        kms.update_alias(alias, KeyReference.parse(after).key_id)
        taken = True
        _wait(kms, alias, after, seconds)
    except KmsError as error:
        if taken or error.reason in CONNECTIVITY_REASONS:
            change = f"the change of {alias} from {before} to {after}"
            error.message = f"KMS took {change}. {error.message}" if taken else f"Whether KMS took {change} is not known. {error.message}"
            error.details.update(changed=True, alias=alias, key_id=after, old_key_id=before)
        raise


def _wait(kms: Kms, alias: str, wanted: str, seconds: float) -> None:
    """KMS takes a moment until all of it knows of a change."""
    end = time.monotonic() + seconds
    while kms.describe_key(alias)["Arn"] != wanted:
        if time.monotonic() > end:
            raise KmsError(
                f"{seconds:g} s later {alias} still leads to the old key.",
                reason="timed_out",
                remedy="Run the task again in some minutes; nothing depends on the new key before.",
            )
        time.sleep(_DELAY)
