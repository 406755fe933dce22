# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them, by ansible-runner over pipes: the playbook kms_verify, the vars plugin in a project, credentials, slices, and no secret left."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import host_python
from support.awx_job import IDENT, AwxJob, Injected, amazon_web_services
from support.secrets_found import places_with
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

ALIAS = "alias/awx"
PASSWORD = "sealed for all: Ankerplatz"
OWN = "sealed for one: Leuchtfeuer"
HOSTS = ("vault1", "vault2", "vault3", "vault4")
MAY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"], "Resource": "*"}]}
CONFIG = """\
[defaults]
vars_plugins_enabled = host_group_vars, sealwright.vault_seal.awskms_seal

[awskms]
region = us-east-1
"""
CHECK: dict[str, Any] = {
    "name": "Use what is sealed",
    "ansible.builtin.assert": {"that": ["password | hash('sha256') == '" + hashlib.sha256(PASSWORD.encode()).hexdigest() + "'"]},
}


@pytest.fixture(scope="module")
def counted() -> Iterator[StrictKms]:
    """A KMS that no other test calls."""
    with StrictKms() as kms:
        yield kms


@pytest.fixture(scope="module")
def values(counted: StrictKms) -> VaultValues:
    return VaultValues(counted.client(), counted.new_key(alias=ALIAS))


@pytest.fixture
def job(counted: StrictKms, values: VaultValues, tmp_path: Path) -> AwxJob:
    """A project with one sealed file for all hosts."""
    job = AwxJob(tmp_path)
    job.write("ansible.cfg", CONFIG)
    job.write("group_vars/all/secrets.yml.sealed", as_text(values.envelope(f"password: '{PASSWORD}'\n".encode())))
    counted.clear_calls()
    return job


def hosts() -> dict[str, dict[str, Any]]:
    return {name: {"ansible_connection": "local", "ansible_python_interpreter": host_python()} for name in HOSTS}


def without_credentials(kms: StrictKms) -> dict[str, str]:
    """The environment that is no credential."""
    return {name: value for name, value in kms.environment().items() if not name.startswith(("AWS_ACCESS", "AWS_SECRET"))}


def calls(kms: StrictKms) -> Counter[str]:
    return Counter(call["operation"] for call in kms.calls())


def play(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"hosts": "all", "gather_facts": False, "tasks": list(tasks)}


def test_a_job(counted: StrictKms, values: VaultValues, job: AwxJob) -> None:
    """With temporary credentials: the file of all hosts is opened once, each host's own once, and each host asks three times."""
    for host in HOSTS:
        job.write(f"host_vars/{host}.yml.sealed", as_text(values.envelope(f"own: '{OWN} {host}'\n".encode())))
    verify = {"ansible.builtin.import_playbook": "sealwright.vault_seal.kms_verify", "vars": {"kms_verify_kms_key_id": ALIAS}}
    copy = {"content": "{{ own }}", "dest": "{{ copies }}/{{ inventory_hostname }}"}
    own = {"name": "Use what is sealed for one", "ansible.builtin.copy": copy, "no_log": True}
    copies = job.folder / "copies"
    copies.mkdir()
    job.write("site.yml", json.dumps([verify, play(CHECK, own)]))
    role = counted.principal(MAY, role=True)
    session = counted.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="awx")["Credentials"]
    credential = amazon_web_services(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    counted.clear_calls()
    variables = {"kms_verify_hosts": "all", "copies": str(copies)}
    done = job.run("site.yml", hosts(), credential, environment=without_credentials(counted), variables=variables, arguments=["-vvv", "--forks=4"]).succeeded()

    table = done.results("Show the permissions of each host")["vault1"]["msg"]
    assert [line.split()[0] for line in table] == ["host", *HOSTS]
    assert all(line.endswith("  ready") for line in table[1:])
    assert {host: (copies / host).read_text(encoding="utf-8") for host in HOSTS} == {host: f"{OWN} {host}" for host in HOSTS}
    assert set(done.results("Use what is sealed")) == set(HOSTS)
    assert calls(counted) == {"DescribeKey": 4, "Encrypt": 4, "Decrypt": 4 + 1 + 4}
    assert {call["principal"] for call in counted.calls()} == {f"arn:aws:sts::{role.arn.split(':')[4]}:assumed-role/{role.arn.split('/')[-1]}/awx"}

    # What was sealed is nowhere: in no event, nothing that came over the pipe, no artifact and no other file of the folder.
    printed = {"events": json.dumps(done.events).encode(), "stream": done.stream}
    assert places_with([PASSWORD, OWN], printed, job.private) == []
    # The environment is in the file of the command alone, which ansible-runner itself writes; AWX removes its folder when the job has ended.
    command = f"artifacts/{IDENT}/command"
    credentials = [session["SecretAccessKey"], session["SessionToken"]]
    assert {place for place, _secret in places_with(credentials, {"events": printed["events"]}, job.private)} == {command}
    assert (job.private / command).stat().st_mode & 0o077 == 0
    assert len(list((job.private / "artifacts" / str(IDENT) / "job_events").iterdir())) == len(done.events) > 20
    assert not job.node.exists()
    assert [path for path in (job.folder / "machine").rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()] == []


def test_a_credential_type_of_ones_own(counted: StrictKms, job: AwxJob) -> None:
    """It injects a file, variables that lead to it, and a variable of the playbook."""
    who = counted.principal(MAY)
    profile = f"[seal]\naws_access_key_id = {who.access_key}\naws_secret_access_key = {who.secret_key}\n"
    credential = Injected({"AWS_SHARED_CREDENTIALS_FILE": "{file}", "AWS_PROFILE": "seal"}, {"other_secret_key": "Geheimnis des zweiten"}, profile)
    other = {"access_key": who.access_key, "secret_key": "{{ other_secret_key }}", "kms_key_id": ALIAS}
    ask = {"name": "Ask with another secret", "sealwright.vault_seal.awskms_permission_info": other, "run_once": True}
    job.write("site.yml", json.dumps([play(CHECK, ask)]))
    done = job.run("site.yml", hosts(), credential, environment=without_credentials(counted), arguments=["-vvv"]).succeeded()
    assert done.results("Ask with another secret")["vault1"]["reason"] == "invalid_credentials"
    assert {call["principal"] for call in counted.calls("Decrypt")} == {who.arn}
    assert calls(counted)["Decrypt"] == 1
    printed = {"events": json.dumps(done.events).encode(), "stream": done.stream}
    files = ("credential0", "extra0")  # AWX's own, for the node
    assert places_with([PASSWORD, who.secret_key, "Geheimnis des zweiten"], printed, job.private, apart=files) == []


@pytest.mark.parametrize("name", ["AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"])
def test_slices(counted: StrictKms, values: VaultValues, job: AwxJob, name: str) -> None:
    """Each slice opens the files of its groups again, and those of its own hosts. Either name of the token does."""
    role = counted.principal(MAY, role=True)
    session = counted.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="awx")["Credentials"]
    keys = {"AWS_ACCESS_KEY_ID": session["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"], name: session["SessionToken"]}
    job.write("host_vars/vault3.yml.sealed", as_text(values.envelope(f"own: '{OWN}'\n".encode())))
    job.write("site.yml", json.dumps([play(CHECK)]))
    counted.clear_calls()
    ran = [job.run("site.yml", hosts(), Injected(keys), environment=without_credentials(counted), job_slice=(number, 2)).succeeded() for number in (1, 2)]
    assert [set(done.results("Use what is sealed")) for done in ran] == [{"vault1", "vault3"}, {"vault2", "vault4"}]
    assert calls(counted) == {"Decrypt": 2 * 1 + 1}


def test_a_job_that_may_not_open_its_variables(counted: StrictKms, job: AwxJob) -> None:
    """The job fails before its first task, with the reason."""
    job.write("site.yml", json.dumps([play(CHECK)]))
    nobody = counted.principal({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*"}]})
    done = job.run("site.yml", hosts(), amazon_web_services(nobody.access_key, nobody.secret_key), environment=without_credentials(counted))
    assert (done.status, done.results("Use what is sealed")) == ("failed", {})
    assert "Sealed variables are missing (access_denied)." in done.stdout
    assert "group_vars/all/secrets.yml.sealed" in done.stdout
    assert nobody.secret_key not in json.dumps(done.events)
