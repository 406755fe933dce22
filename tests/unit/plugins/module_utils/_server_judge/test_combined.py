# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of two judges is asked, and what is true where they agree and where they do not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.combined import chosen, combined
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.permissions import server_probe
from ansible_collections.sealwright.vault_seal.plugins.module_utils._server_judge.verdict import ServerVerdict

ARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PLACE = {"region": {"value": "us-east-1", "source": "stanza"}, "endpoint": {"value": "https://kms.us-east-1.amazonaws.com", "source": "the AWS SDK"}}
DENIED = (
    'Error configuring seal "awskms": error fetching AWS KMS wrapping key information: AccessDeniedException: User: arn:aws:iam::111122223333:user/vault '
    f"is not authorized to perform: kms:DescribeKey on resource: {ARN} because no identity-based policy allows the kms:DescribeKey action "
    "status code: 400, request id: 1"
)


def verdict(ready: bool = True, step: str = "unseal", **known: Any) -> ServerVerdict:
    return ServerVerdict(ready, step, "OpenBao", "/usr/bin/bao", "2.6.2", **{"msg": "server says", **known})


def by_sdk(ready: bool = True, reason: str | None = None, **more: Any) -> dict[str, Any]:
    permissions = {name: {"verdict": "allowed"} for name in ("describe_key", "encrypt", "decrypt")}
    return {
        "ready": ready, "reason": reason, "summary": "sdk says", "permissions": permissions, "key_arn": ARN, "settings_problems": [],
        "remedy": None if ready else {"msg": "sdk's remedy", "policy_statement": {"Effect": "Allow"}}, **PLACE, **more,
    }


def facts(result: ServerVerdict) -> dict[str, Any]:
    return {
        "ready": result.ready, "reason": result.reason or None, "summary": result.msg, "permissions": {"decrypt": {"verdict": "failed"}}, "key_arn": None,
        "remedy": {"msg": result.remedy}, "settings_problems": [],
    }


@pytest.mark.parametrize(
    ("option", "names_server", "executable", "judge"),
    [(None, True, "/bao", "both"), (None, True, "", "sdk"), (None, False, "/bao", "sdk"), ("sdk", True, "/bao", "sdk"), ("server", True, "/bao", "server"),
     ("both", True, "/bao", "both"), ("sdk", False, "", "sdk")],
)
def test_who_is_asked(option: str | None, names_server: bool, executable: str, judge: str) -> None:
    assert chosen(option, names_server, executable, "bao") == judge


@pytest.mark.parametrize("option", ["server", "both"])
def test_a_judge_that_is_not_there(option: str) -> None:
    with pytest.raises(SealError) as raised:
        chosen(option, True, "", "bao or openbao")
    assert raised.value.reason == "no_executable"
    assert "there is no executable bao or openbao on this host" in str(raised.value)
    with pytest.raises(SealError) as raised:
        chosen(option, False, "/bao", "")
    assert raised.value.reason == "invalid_option"


def test_both_ready() -> None:
    result, warnings = combined(by_sdk(), verdict(region="us-east-1", endpoint="https://KMS.us-east-1.amazonaws.com/"), facts, "model")
    assert (result["ready"], result["judge"], result["judges"]["agree"], result["key_arn"], warnings) == (True, "both", True, ARN, [])
    assert (result["judges"]["sdk"]["model"], result["judges"]["server"]["version"]) == ("model", "2.6.2")


def test_the_server_wins_where_it_refuses() -> None:
    reported = verdict(False, reason="no_credentials", remedy="server's remedy")
    result, (warning,) = combined(by_sdk(), reported, facts)
    assert (result["ready"], result["reason"], result["summary"], result["judges"]["agree"]) == (False, "no_credentials", "server says", False)
    assert result["remedy"]["msg"] == "server's remedy"
    assert result["permissions"] == {"decrypt": {"verdict": "failed"}}
    assert "sdk says" in warning
    assert "server says" in warning


def test_the_server_wins_where_it_works() -> None:
    result, warnings = combined(by_sdk(False, "no_credentials"), verdict(), facts)
    assert (result["ready"], result["reason"], result["judges"]["agree"], len(warnings)) == (True, None, False, 1)


@pytest.mark.parametrize(
    "place", [{"region": "eu-west-1"}, {"endpoint": "https://vpce-1.kms.us-east-1.vpce.amazonaws.com"}, {"region": "eu-west-1", "key_id": "alias/a"}]
)
def test_another_place_is_a_disagreement(place: dict[str, str]) -> None:
    result, (warning,) = combined(by_sdk(), verdict(**place), facts)
    assert (result["ready"], result["judges"]["agree"], result["key_arn"]) == (True, False, None)
    name = next(iter(place))
    assert result[name] == {"value": place[name], "source": "the server itself"}
    assert place[name] in warning


def test_what_one_does_not_say_is_no_disagreement() -> None:
    result, _warnings = combined({**by_sdk(), "region": None, "endpoint": None}, verdict(region="us-east-1", endpoint="https://x"), facts)
    assert result["judges"]["agree"] is True
    assert result["key_arn"] == ARN


def test_neither_ready_for_another_reason() -> None:
    result, warnings = combined(by_sdk(False, "unreachable"), verdict(False, reason="tls_failed", remedy="r"), facts)
    assert (result["ready"], result["reason"], result["judges"]["agree"], warnings) == (False, "tls_failed", True, [])
    assert result["remedy"] == {"msg": "r", "policy_statement": {"Effect": "Allow"}}
    result, _warnings = combined(by_sdk(False, "unreachable"), verdict(False, reason="server_refused"), facts)
    assert (result["reason"], result["summary"]) == ("unreachable", "sdk says")


def test_the_server_alone() -> None:
    result, warnings = combined(None, verdict(), facts)
    assert (result["ready"], result["judge"], result["judges"]["sdk"], result["judges"]["agree"], warnings) == (True, "server", None, None, [])


def test_a_model_without_libraries_is_no_judge() -> None:
    result, (warning,) = combined(by_sdk(False, "missing_library"), verdict(), facts)
    assert (result["ready"], result["judge"], result["judges"]["agree"]) == (True, "server", None)
    assert "could not be asked" in warning


def test_a_server_that_could_not_be_asked_is_no_verdict() -> None:
    error = SealError("No folder.", reason="file_error", remedy="Make one.")
    result, (warning,) = combined(by_sdk(), error, facts)
    assert (result["ready"], result["judge"], result["judges"]["server"]["ready"], result["judges"]["agree"]) == (True, "sdk", None, None)
    assert "No folder." in warning
    with pytest.raises(SealError):
        combined(None, error, facts)


@pytest.mark.parametrize(
    ("reason", "ready"),
    [("awskms_to_awskms", False), ("duplicate_attribute", False), ("unknown_setting", False), ("conflicting_variables", False), ("region_mismatch", True)],
)
@pytest.mark.parametrize("alone", [True, False])
def test_errors_of_the_settings_that_no_new_server_meets(reason: str, ready: bool, alone: bool) -> None:
    problem = {"level": "error", "reason": reason, "msg": "settings say", "remedy": "change them"}
    model = None if alone else by_sdk(False, reason, summary="settings say", remedy={"msg": "change them"}, settings_problems=[problem])
    result, warnings = combined(model, verdict(), lambda result: {**facts(result), "settings_problems": [problem]})
    assert (result["ready"], len(warnings)) == (ready, int(ready and not alone))
    if not ready:
        assert result["judges"]["agree"] is (None if alone else True)
        assert (result["reason"], result["remedy"]["msg"]) == (reason, "change them")


@pytest.mark.parametrize(
    ("step", "verdicts"),
    [("start", ["failed", "not_tried", "not_tried"]), ("initialise", ["allowed", "failed", "not_tried"]), ("unseal", ["allowed", "allowed", "failed"])],
)
def test_permissions_by_the_step(step: str, verdicts: list[str]) -> None:
    probe_result = server_probe(verdict(False, step, reason="unreachable", line="no such host"), None, "")
    assert [each.verdict for each in probe_result.verdicts.values()] == verdicts
    assert probe_result.reason == "unreachable"
    assert not probe_result.ready


def test_permissions_by_a_denial() -> None:
    probe_result = server_probe(verdict(False, "start", reason="access_denied", line=DENIED), None, "us-east-1")
    assert [each.verdict for each in probe_result.verdicts.values()] == ["denied", "not_tried", "not_tried"]
    assert (probe_result.key_arn, probe_result.principal) == (ARN, "arn:aws:iam::111122223333:user/vault")
    assert probe_result.verdicts["kms:DescribeKey"].aws_message.endswith("allows the kms:DescribeKey action")
    assert server_probe(verdict(), None, "").ready


def test_a_server_that_unseals_itself_has_checked_the_disabled_seals() -> None:
    problems = [{"level": "warning", "reason": "unchecked_seal"}, {"level": "warning", "reason": "secret_in_stanza"}]
    for ready, kept in ((True, ["secret_in_stanza"]), (False, ["unchecked_seal", "secret_in_stanza"])):
        result, _warnings = combined(by_sdk(settings_problems=problems), verdict(ready, reason="unreachable"), facts)
        assert [problem["reason"] for problem in result["settings_problems"]] == kept
    result, _warnings = combined(by_sdk(settings_problems=problems), None, facts)
    assert len(result["settings_problems"]) == 2
