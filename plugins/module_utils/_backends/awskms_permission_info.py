# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module awskms_permission_info does: probe one key, and say all that was found, whatever it was."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import names_server, read_server, seal_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server_connection import ServerRefusal, as_the_server, described, judge_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.access.check import Probe, probe, refused
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.access.instance_metadata import why_no_credentials
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, named_key, no_key, open_for_key, parse_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import REGION_VARIABLES, ConnectionOptions, endpoint_in_force
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_errors import NO_CREDENTIALS
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_checks import seal_problems
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.stanza_checks import ERROR
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced, first


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError` only where the task asks to fail."""
    options = connection_options(module.params)
    if names_server(module.params):
        result = {"changed": False, **_probed_as_server(module.params, options)}
    else:
        result = {"changed": False, **probed(options, named_key(module.params["kms_key_id"], os.environ))}
    if module.params["fail_unless_ready"] and not result["ready"]:
        raise SealError(result["summary"], reason=result["reason"], remedy=result["remedy"]["msg"], details=result)
    return result


def _probed_as_server(params: dict[str, Any], options: ConnectionOptions) -> dict[str, Any]:
    """The same through the settings that a server will have, with what is wrong with those."""
    server = read_server(params)
    said = seal_problems(server.in_force)
    key = Sourced(params["kms_key_id"], "option kms_key_id") if params["kms_key_id"] else None
    if key is None:
        setting = seal_of(server).settings.get("kms_key_id")
        key = Sourced(setting.value, setting.source) if setting else None
    try:
        with as_the_server(server, options, os.environ) as connection:
            result = probed(connection, key)
    except ServerRefusal as error:
        result = probed(described(server, options), key, error)
    result["judged_by"] = judge_of(server)
    result["settings_problems"] = [problem.as_result() for problem in said]
    errors = [problem for problem in said if problem.level == ERROR]
    if errors and result["ready"]:
        remedy = {"msg": errors[0].remedy, **dict.fromkeys(("policy_statement", "key_policy_statement", "grant"))}
        result.update(ready=False, reason=errors[0].reason, summary=errors[0].msg, remedy=remedy)
    return result


def probed(options: ConnectionOptions, key: Sourced | None, refusal: SealError | None = None) -> dict[str, Any]:
    """All facts about one key and the connection to it; with ``refusal``, why KMS is not asked at all."""
    reference: KeyReference | None = None
    clients = KmsClients(options)
    try:
        if key is None:
            raise no_key()
        reference = parse_key(key)
        if refusal is not None:
            raise refusal
        kms, _key_id = open_for_key(clients, Key(reference, key.source), region_source="the key's ARN")
        connection = kms.connection()
        found = probe(kms, reference, as_written=bool(options.providers))
    except SealError as error:
        connection = clients.connection() or _said(options, reference)
        region = connection["region"]["value"] if connection["region"] else ""
        found = refused(_explained(error), reference, region)
    return {**_facts(found), **connection, "kms_key_id": key.as_result() if key else None, "principal": _principal(found, connection)}


def _facts(found: Probe) -> dict[str, Any]:
    return {
        "ready": found.ready,
        "reason": found.reason or None,
        "summary": found.summary(),
        "permissions": {_option_name(action): verdict.as_result() for action, verdict in found.verdicts.items()},
        "key_arn": found.key_arn or None,
        "state": found.state or None,
        "problems": [finding.as_result() for finding in found.problems],
        "key_warnings": [finding.as_result() for finding in found.warnings],
        "latency_ms": found.latency_ms,
        "remedy": found.remedy(),
    }


def _option_name(action: str) -> str:
    return {"kms:DescribeKey": "describe_key", "kms:Encrypt": "encrypt", "kms:Decrypt": "decrypt"}[action]


def _principal(found: Probe, connection: dict[str, Any]) -> dict[str, Any] | None:
    """Who asked: by ARN where AWS told it, else by access key ID."""
    credentials = connection["credentials"]
    if not (found.principal or credentials):
        return None
    shown = credentials or {"value": None, "source": None}
    return {"arn": found.principal or None, "access_key": shown["value"], "source": shown["source"]}


def _said(options: ConnectionOptions, reference: KeyReference | None) -> dict[str, Any]:
    """What options, environment and key say of the way, where the AWS SDK could not be set up; None where they do not."""
    hint = Sourced(reference.region, "the key's ARN") if reference and reference.region else None
    region = options.sourced("region") or first(os.environ, REGION_VARIABLES) or hint
    try:
        endpoint = endpoint_in_force(options, os.environ)
    except SealError:
        endpoint = None
    return {
        "region": region.as_result() if region else None,
        "endpoint": endpoint.as_result() if endpoint else None,
        "credentials": None,
    }


def _explained(error: SealError) -> SealError:
    if error.remedy != NO_CREDENTIALS:
        return error
    why = why_no_credentials(os.environ)
    return SealError(f"{error.message} {why}".rstrip(), reason=error.reason, remedy=error.remedy, details=error.details)
