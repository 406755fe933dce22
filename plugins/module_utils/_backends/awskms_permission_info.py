# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code of the module awskms_permission_info: judges a key by a probe and by a temporary server, and returns the findings."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import connection_options
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import (
    ConfiguredServer,
    names_server,
    read_server,
    seal_of,
    service_user,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server_connection import ServerRefusal, as_the_server, described, judge_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.access.check import Probe, probe, refused
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.access.instance_metadata import why_no_credentials
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.key_reference import KeyReference
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.clients import KmsClients
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.keys import Key, named_key, no_key, open_for_key, parse_key
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import REGION_VARIABLES, ConnectionOptions, endpoint_in_force
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_errors import NO_CREDENTIALS
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.stanza_checks import ERROR
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.sourced import Sourced, first
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.combined import SDK, SERVER, chosen, combined
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.permissions import server_probe
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.plan import overrides_of, planned
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.run import server_verdict
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.verdict import ServerVerdict
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.inputs import executable_names, find_executable


def run(module: AnsibleModule) -> dict[str, Any]:
    """The module's work; raises :class:`SealError` only where the task asks to fail."""
    params = module.params
    options = connection_options(params)
    if names_server(params):
        result = _judged(module, read_server(params), options)
    else:
        chosen(params["judge"], False, "", "")
        result, _warnings = combined(probed(options, named_key(params["kms_key_id"], os.environ)), None, _no_facts)
    result["changed"] = False
    if params["fail_unless_ready"] and not result["ready"]:
        raise SealError(result["summary"], reason=result["reason"], remedy=result["remedy"]["msg"], details=result)
    return result


def _judged(module: AnsibleModule, server: ConfiguredServer, options: ConnectionOptions) -> dict[str, Any]:
    """The verdict on a server's seal, by the judges that there are."""
    params = module.params
    executable = find_executable(params["executable"], server)
    wanted = params["executable"] or server.service.executable or " or ".join(executable_names(server.in_force.product))
    judge = chosen(params["judge"], True, executable, wanted)
    with service_user(server.service.user):
        pass  # there is such a user, and this may have its rights
    key = _key_of(params, server)
    # The server first: it is started before threads are, and with nothing of the environment of this process.
    by_server = None if judge == SDK else _by_server(params, server, executable, options)
    by_sdk = None if judge == SERVER else _probed_as_server(server, options, key)
    model = judge_of(server) if by_sdk else None
    result, warnings = combined(by_sdk, by_server, lambda verdict: _server_facts(verdict, server, key), model)
    for warning in warnings:
        module.warn(warning)
    return result


def _by_server(params: dict[str, Any], server: ConfiguredServer, executable: str, options: ConnectionOptions) -> ServerVerdict | SealError:
    """The verdict of a temporary server, or the error if it could not be asked."""
    try:
        return server_verdict(planned(server, executable, overrides_of(params["kms_key_id"], options), params["judge_timeout"]))
    except SettingError:
        raise
    except SealError as error:
        return error


def _server_facts(verdict: ServerVerdict, server: ConfiguredServer, key: Sourced | None) -> dict[str, Any]:
    """The facts of a server's verdict, by the names of the result."""
    try:
        reference = parse_key(key) if key else None
    except SealError:
        reference = None
    place = {
        name: {"value": reported, "source": "the server itself"} if reported else _setting(server, name)
        for name, reported in (("region", verdict.region), ("endpoint", verdict.endpoint))
    }
    probe_result = server_probe(verdict, reference, place["region"]["value"] if place["region"] else "")
    credentials = _setting(server, "access_key")
    problems = [problem.as_result() for problem in server.all_problems()]
    return {
        **_facts(probe_result), **place, "summary": verdict.msg, "latency_ms": round(verdict.seconds * 1000, 1), "credentials": credentials,
        "kms_key_id": key.as_result() if key else None, "principal": _principal(probe_result, {"credentials": credentials}), "settings_problems": problems,
    }


def _setting(server: ConfiguredServer, name: str) -> dict[str, Any] | None:
    setting = seal_of(server).settings.get(name)
    return {"value": setting.value, "source": setting.source} if setting and setting.value else None


def _no_facts(_verdict: ServerVerdict) -> dict[str, Any]:
    return {}


def _key_of(params: dict[str, Any], server: ConfiguredServer) -> Sourced | None:
    if params["kms_key_id"]:
        return Sourced(params["kms_key_id"], "option kms_key_id")
    setting = seal_of(server).settings.get("kms_key_id")
    return Sourced(setting.value, setting.source) if setting else None


def _probed_as_server(server: ConfiguredServer, options: ConnectionOptions, key: Sourced | None) -> dict[str, Any]:
    """The same through the settings that a server will have, with what is wrong with those."""
    problems = server.all_problems()
    try:
        with as_the_server(server, options, os.environ) as connection:
            result = probed(connection, key)
    except ServerRefusal as error:
        result = probed(described(server, options), key, error)
    result["settings_problems"] = [problem.as_result() for problem in problems]
    errors = [problem for problem in problems if problem.level == ERROR]
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
        probe_result = probe(kms, reference, as_written=bool(options.providers))
    except SealError as error:
        connection = clients.connection() or _configured(options, reference)
        region = connection["region"]["value"] if connection["region"] else ""
        probe_result = refused(_explained(error), reference, region)
    return {**_facts(probe_result), **connection, "kms_key_id": key.as_result() if key else None, "principal": _principal(probe_result, connection)}


def _facts(probe_result: Probe) -> dict[str, Any]:
    return {
        "ready": probe_result.ready,
        "reason": probe_result.reason or None,
        "summary": probe_result.summary(),
        "permissions": {_option_name(action): verdict.as_result() for action, verdict in probe_result.verdicts.items()},
        "key_arn": probe_result.key_arn or None,
        "state": probe_result.state or None,
        "problems": [finding.as_result() for finding in probe_result.problems],
        "key_warnings": [finding.as_result() for finding in probe_result.warnings],
        "latency_ms": probe_result.latency_ms,
        "remedy": probe_result.remedy(),
    }


def _option_name(action: str) -> str:
    return {"kms:DescribeKey": "describe_key", "kms:Encrypt": "encrypt", "kms:Decrypt": "decrypt"}[action]


def _principal(probe_result: Probe, connection: dict[str, Any]) -> dict[str, Any] | None:
    """The principal: its ARN if AWS returned it, otherwise the access key ID."""
    credentials = connection["credentials"]
    if not (probe_result.principal or credentials):
        return None
    shown = credentials or {"value": None, "source": None}
    return {"arn": probe_result.principal or None, "access_key": shown["value"], "source": shown["source"]}


def _configured(options: ConnectionOptions, reference: KeyReference | None) -> dict[str, Any]:
    """The connection according to options, environment and key if the AWS SDK could not be set up; None for unset values."""
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
