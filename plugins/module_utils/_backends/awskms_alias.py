# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_alias: point an alias to another key, after checking that a seal can use the key."""

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

_DELAY = 0.5  # seconds between two requests for the current target


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
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
    """The name of an alias; UpdateAlias does not accept an alias ARN."""
    reference = parse_key(Sourced(text, "option alias"))
    if not reference.is_alias or reference.is_arn:
        raise SettingError(f"{text} (from option alias) is not an alias name.", reason="invalid_option", remedy="Use the form alias/NAME.")
    if text.startswith("alias/aws/"):
        raise SettingError(
            f"{text} (from option alias) is an AWS managed alias.", reason="invalid_option", remedy="Use a different alias: alias/aws/ is reserved for AWS."
        )
    return text


def _key(named: Sourced) -> Key:
    key = Key.parse(named)
    if key.reference.is_alias:
        # UpdateAlias does not accept an alias as the target, and an expected key must not depend on another alias.
        raise SettingError(f"{key} is an alias, not a key.", reason="invalid_option", remedy="Use the key ID or key ARN.")
    return key


def _check_expected(alias: str, before: str, expected: KeyReference | None) -> None:
    """Raise unless the alias points to the expected key; it may have been changed since the play was planned."""
    current = KeyReference.parse(before)
    if expected is not None and not expected.matches(current):
        raise KmsError(
            f"{alias} points to {before}, which is neither the expected key {expected} nor the new key. It was not changed.",
            reason="wrong_key",
            remedy="Find out who changed the alias and why, then set expected_key_id to its current key.",
            details={"old_key_id": before},
        )


def _check_usable(metadata: dict[str, Any]) -> None:
    problems = key_problems(metadata, datetime.now(timezone.utc))
    if problems:
        message = f"A seal cannot use the key {metadata['Arn']}: {problems[0].msg} The alias was not changed."
        raise SealError.of(problems[0]._replace(msg=message))


def _change(kms: Kms, alias: str, before: str, after: str, seconds: float) -> None:
    """From here on, every error names the previous key, which is recorded nowhere else."""
    taken = False
    try:
        kms.update_alias(alias, KeyReference.parse(after).key_id)
        taken = True
        _wait(kms, alias, after, seconds)
    except KmsError as error:
        if taken or error.reason in CONNECTIVITY_REASONS:
            change = f"the change of {alias} from {before} to {after}"
            error.message = f"KMS accepted {change}. {error.message}" if taken else f"It is unknown whether KMS accepted {change}. {error.message}"
            error.details.update(changed=True, alias=alias, key_id=after, old_key_id=before)
        raise


def _wait(kms: Kms, alias: str, wanted: str, seconds: float) -> None:
    """Changes of aliases in KMS are eventually consistent."""
    end = time.monotonic() + seconds
    while kms.describe_key(alias)["Arn"] != wanted:
        if time.monotonic() > end:
            raise KmsError(
                f"{alias} still points to the old key after {seconds:g} s.",
                reason="timed_out",
                remedy="Run the task again in a few minutes; until then nothing depends on the new key.",
            )
        time.sleep(_DELAY)
