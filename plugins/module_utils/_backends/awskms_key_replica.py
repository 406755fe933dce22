# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_key_replica: replicate a multi-Region key into another region, and wait until the replica can be used.

Source: ReplicateKey in the AWS KMS API reference, and "Multi-Region keys in AWS KMS" of the developer guide. A replica has the key ID and the material of its
primary key; policy, aliases, tags and description are its own, and rotation follows the primary key.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError, SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference, is_region_name
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.api import Kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.key_facts import key_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, open_for_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced

_DELAY = 1.0  # seconds between two requests for the state of the replica
_USABLE = ("Enabled", "Updating")


def run(module: AnsibleModule) -> dict[str, Any]:
    """Run the module; raises :class:`SealError`."""
    params = module.params
    region = params["replica_region"]
    if not is_region_name(region):
        msg = f"{region!r} (from option replica_region) is not the name of a region."
        raise SettingError(msg, reason="invalid_option", remedy="Use a name such as eu-west-1.")
    key = Key.parse(Sourced(params["kms_key_id"], "option kms_key_id"))
    clients = KmsClients(connection_options(params))
    kms, key_id = open_for_key(clients, key, region_source="the key's ARN")
    primary = kms.describe_key(key_id)
    related = _check(primary, region)
    arn = next((str(each["Arn"]) for each in related if each.get("Region") == region), "")
    changed = not arn
    if changed and not module.check_mode:
        arn = str(kms.replicate_key(primary["Arn"], region, **_settings(params))["Arn"])
    if arn and not module.check_mode:
        there = {"region": region, "endpoint": params["replica_endpoint"]}
        _wait(KmsClients(connection_options({**params, **there}))(region), arn, params["wait"], changed)
    result: dict[str, Any] = {
        "changed": changed,
        "key_id": arn or str(KeyReference.parse(primary["Arn"]).in_region(region)),
        "primary_key_id": primary["Arn"],
        "connection": clients.connection(),
    }
    if module._diff:
        before = sorted(str(each["Arn"]) for each in related)
        lines = {"before": before, "after": sorted({*before, result["key_id"]})}
        result["diff"] = {name: "".join(f"{each}\n" for each in each_lines) for name, each_lines in lines.items()}
    return result


def _check(primary: Mapping[str, Any], region: str) -> list[dict[str, Any]]:
    """The replicas of a primary key; raises :class:`SealError` for a key that cannot be replicated there."""
    arn = primary["Arn"]
    configuration = primary.get("MultiRegionConfiguration") or {}
    if configuration.get("MultiRegionKeyType") != "PRIMARY":
        what = f"a replica of {configuration['PrimaryKey'].get('Arn')}" if configuration else "a single-Region key, which cannot become a multi-Region key"
        remedy = "Use the primary key." if configuration else "Create a multi-Region key, and move the seal to it with the role seal_rotate."
        raise KmsError(f"{arn} is {what}.", reason="key_unusable", remedy=remedy)
    if configuration["PrimaryKey"].get("Region") == region:
        raise SettingError(f"{region} is the region of the primary key.", reason="invalid_option", remedy="Use another region.")
    problems = key_problems(primary, datetime.now(timezone.utc))
    if problems:
        raise SealError.of(problems[0]._replace(msg=f"{arn} was not replicated: {problems[0].msg}"))
    replicas: list[dict[str, Any]] = configuration.get("ReplicaKeys") or []
    return replicas


def _settings(params: Mapping[str, Any]) -> dict[str, Any]:
    settings = {
        "Policy": json.dumps(params["policy"]) if params["policy"] else "",
        "Description": params["description"],
        "Tags": [{"TagKey": str(name), "TagValue": str(value)} for name, value in (params["tags"] or {}).items()],
    }
    return {name: value for name, value in settings.items() if value}


def _wait(kms: Kms, arn: str, seconds: float, new: bool) -> None:
    """KMS copies the key material in the background. Meanwhile the replica is in the state Creating, or not known in its region yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            state = str(kms.describe_key(arn).get("KeyState"))
        except KmsError as error:
            if error.reason != "not_found" or not new:
                raise
            state = "Creating"
        if state in _USABLE:
            return
        if state != "Creating":
            raise KmsError(
                f"The replica {arn} is in the state {state}.", reason="key_unusable", remedy="Find out who changed it. The module does not enable it.",
                details={"changed": new, "key_id": arn},
            )
        if time.monotonic() > end:
            raise KmsError(
                f"The replica {arn} is still being created after {seconds:g} s.", reason="timed_out", remedy="Run the task again in a few minutes.",
                details={"changed": new, "key_id": arn},
            )
        time.sleep(_DELAY)
