# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Combines the verdicts of two judges of a seal, the model of its SDK and a temporary server. Pure functions.

If they disagree, the server takes precedence: it is what will run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.verdict import ServerVerdict

SDK, SERVER, BOTH = "sdk", "server", "both"
JUDGES = (BOTH, SDK, SERVER)

Result = dict[str, Any]
# Errors of the settings that a temporary server proves wrong by working all the same. It does not meet any other: it is new, it is given the enabled seals
# as they were read and not the files, and what is not defined, or dropped silently, may be otherwise at the next start.
_PROVEN_WRONG = (
    *("cannot_tell", "file_error", "incomplete_credentials", "invalid_credentials", "invalid_option", "malformed_key_id", "missing_plugin"),
    *("missing_plugin_directory", "no_credentials", "no_key", "no_region", "not_a_credential", "partition_mismatch", "region_mismatch"),
    *("stray_seal_type", "surrounding_blanks", "template_expression", "tls_failed", "unknown_seal_type", "unset_variable"),
)
# A warning about what the model does not check, and a temporary server that unseals itself has checked.
_CHECKED_BY_SERVER = "unchecked_seal"
# Reasons that are less specific than the other judge's.
_GENERAL = ("", "server_refused", "server_not_started")
_ITSELF = "the server itself"


def chosen(option: str | None, names_server: bool, executable: str, wanted: str) -> str:
    """Select the judge; raises :class:`SettingError` if the requested one is not available.

    :param executable: the server's, empty if it does not exist; ``wanted`` is its name for messages.
    """
    if option in (SERVER, BOTH):
        if not names_server:
            raise SettingError(
                f"judge is {option}, and no server is named.", reason="invalid_option",
                remedy="Name it by unit, config, environment_files or environment, or set judge to sdk.",
            )
        if not executable:
            raise SettingError(
                f"judge is {option}, and there is no executable {wanted} on this host.", reason="no_executable",
                remedy="Install the server, set executable to where it is, or set judge to sdk.",
            )
    if option:
        return option
    return BOTH if names_server and executable else SDK


def combined(
    by_sdk: Result | None, by_server: ServerVerdict | SealError | None, facts: Callable[[ServerVerdict], Result], model: str | None = None
) -> tuple[Result, list[str]]:
    """The result and the warnings. A judge that was not used is None.

    :param by_server: a SealError if the temporary server could not be started, which is not a verdict.
    :param facts: returns the facts of the server's verdict, by the names of the result.
    :param model: the name of the model of the server's SDK.
    """
    verdict = by_server if isinstance(by_server, ServerVerdict) else None
    agree, warnings = _compared(by_sdk, verdict)
    if isinstance(by_server, SealError):
        if by_sdk is None:
            raise by_server
        warnings.append(f"The server could not be asked to judge, and the model of its SDK judged alone: {by_server}")
    judges = {"sdk": _opinion(by_sdk, model), "server": _server_opinion(by_server), "agree": agree}
    asked = _asked(by_sdk)
    if verdict and by_sdk and not asked:
        warnings.append(f"The model of the server's SDK could not be asked, and the server judged alone: {by_sdk['summary']}")
    spoke = SDK if verdict is None else BOTH if asked else SERVER
    result = _facts(by_sdk if asked or verdict is None else None, verdict, agree, facts)
    if verdict and verdict.ready and "settings_problems" in result:
        result["settings_problems"] = [problem for problem in result["settings_problems"] if problem["reason"] != _CHECKED_BY_SERVER]
    return {**result, "judge": spoke, "judges": judges}, warnings


def _asked(by_sdk: Result | None) -> bool:
    """Whether the model of the SDK judged: without its Python libraries it cannot."""
    return by_sdk is not None and by_sdk["reason"] != "missing_library"


def _facts(by_sdk: Result | None, verdict: ServerVerdict | None, agree: bool | None, facts: Callable[[ServerVerdict], Result]) -> Result:
    if by_sdk is None:
        return _with_settings_errors(facts(verdict)) if verdict else {}
    result = dict(by_sdk)
    if verdict is None:
        return result
    server_facts = facts(verdict)
    if _sdk_ready(by_sdk) != verdict.ready:
        result.update({name: server_facts[name] for name in ("ready", "reason", "summary", "permissions", "remedy")})
        # What the server asks is not what the model asked.
        result["key_arn"] = server_facts["key_arn"] or (result["key_arn"] if _same_place(by_sdk, verdict) else None)
    elif not verdict.ready and verdict.reason not in (by_sdk["reason"], *_GENERAL):
        result.update(reason=verdict.reason, summary=verdict.msg, remedy={**result["remedy"], "msg": verdict.remedy or result["remedy"]["msg"]})
    elif agree is False:
        result["key_arn"] = server_facts["key_arn"] or None
    if not _same_region(by_sdk, verdict):
        result["region"] = {"value": verdict.region, "source": _ITSELF}
    if not _same_endpoint(by_sdk, verdict):
        result["endpoint"] = {"value": verdict.endpoint, "source": _ITSELF}
    return _with_settings_errors(result)


def _with_settings_errors(result: Result) -> Result:
    """An error of the settings that the temporary server does not meet keeps the seal from being ready."""
    errors = _remaining_errors(result)
    if not (result["ready"] and errors):
        return result
    remedy = {**dict.fromkeys(("policy_statement", "key_policy_statement", "grant")), "msg": errors[0]["remedy"]}
    return {**result, "ready": False, "reason": errors[0]["reason"], "summary": errors[0]["msg"], "remedy": remedy}


def _remaining_errors(result: Result) -> list[Result]:
    problems: list[Result] = result.get("settings_problems", [])
    return [problem for problem in problems if problem.get("level") == "error" and problem["reason"] not in _PROVEN_WRONG]


def _sdk_ready(by_sdk: Result) -> bool:
    """Whether the model finds nothing against the seal but errors of the settings that a temporary server does not meet."""
    return bool(by_sdk["ready"]) or by_sdk["reason"] in [problem["reason"] for problem in _remaining_errors(by_sdk)]


def _compared(by_sdk: Result | None, verdict: ServerVerdict | None) -> tuple[bool | None, list[str]]:
    if by_sdk is None or verdict is None or not _asked(by_sdk):
        return None, []
    sdk_ready = _sdk_ready(by_sdk)
    if sdk_ready != verdict.ready:
        names = {True: "ready", False: "not ready"}
        return False, [
            f"The judges disagree, and the server counts. The model of its SDK says {names[sdk_ready]}: {by_sdk['summary']} "
            f"The server says {names[verdict.ready]}: {verdict.msg}"
        ]
    if verdict.ready and not _same_place(by_sdk, verdict):
        return False, [
            f"The judges disagree, and the server counts. The server asks {_place(verdict.region, verdict.endpoint)}, "
            f"and the model of its SDK asked {_place(_value(by_sdk, 'region'), _value(by_sdk, 'endpoint'))}."
        ]
    return True, []


def _opinion(by_sdk: Result | None, model: str | None) -> Result | None:
    if by_sdk is None:
        return None
    return {**{name: by_sdk[name] for name in ("ready", "reason", "summary")}, "model": model}


def _server_opinion(by_server: ServerVerdict | SealError | None) -> Result | None:
    if isinstance(by_server, SealError):
        return {"ready": None, "reason": by_server.reason, "summary": by_server.message, "remedy": by_server.remedy}
    return by_server.as_result() if by_server else None


def _same_place(by_sdk: Result, verdict: ServerVerdict) -> bool:
    return _same_region(by_sdk, verdict) and _same_endpoint(by_sdk, verdict)


def _same_region(by_sdk: Result, verdict: ServerVerdict) -> bool:
    """True also if one of them is unknown."""
    return not verdict.region or _value(by_sdk, "region") in ("", verdict.region)


def _same_endpoint(by_sdk: Result, verdict: ServerVerdict) -> bool:
    return not verdict.endpoint or not _value(by_sdk, "endpoint") or _host(_value(by_sdk, "endpoint")) == _host(verdict.endpoint)


def _host(url: str) -> str:
    return urlsplit(url if "//" in url else f"//{url}").netloc.lower()


def _value(result: Result, name: str) -> str:
    return str((result.get(name) or {}).get("value") or "")


def _place(region: str, endpoint: str) -> str:
    return " at ".join(filter(None, (f"region {region}" if region else "", endpoint))) or "an unknown region"
