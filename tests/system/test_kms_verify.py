# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role kms_verify against the strict KMS. All hosts are this machine, with different credentials, Python interpreters and users."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible, Run, host_python
from support.slack import scaled
from support.strict_kms import Credentials, StrictKms

ROLE = "sealwright.vault_seal.kms_verify"
ALIAS = "alias/verified"
NOWHERE = "/proc/there-is-no-such-folder"  # no temporary folder can be made there: the host is unreachable to Ansible
HOW_TO_GET = (
    "Install python3-boto3 and python3-cryptography (kms_verify_libraries: system), let the role create a virtual environment "
    "(kms_verify_libraries: venv), or name a Python that has boto3 (kms_verify_python)."
)
Hosts = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def key(kms: StrictKms) -> str:
    return kms.new_key(alias=ALIAS)


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory, kms: StrictKms, key: str) -> Ansible:
    """Ansible with the connection to the strict KMS in its environment, without credentials."""
    environment = {name: value for name, value in kms.environment().items() if not name.startswith(("AWS_ACCESS", "AWS_SECRET"))}
    return Ansible(tmp_path_factory.mktemp("verify"), environment)


@pytest.fixture(autouse=True)
def nothing_stays_behind(ansible: Ansible) -> Iterator[None]:
    """No test leaves files in the hosts' folder for temporary files."""
    yield
    assert list((ansible.folder / "tmp").iterdir()) == []


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python without any library."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([host_python(), "-m", "venv", "--without-pip", str(folder)], check=True, timeout=scaled(60))
    return str(folder / "bin" / "python")


def policy(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def signed(who: Credentials) -> dict[str, str]:
    return {"kms_verify_access_key": who.access_key, "kms_verify_secret_key": who.secret_key}


def verify(ansible: Ansible, hosts: Hosts, *arguments: str, env: dict[str, str] | None = None, play: dict[str, Any] | None = None, **variables: Any) -> Run:
    """Run the role on hosts that differ in their variables."""
    common = {"ansible_connection": "local", "ansible_python_interpreter": host_python()}
    ansible.inventory.write_text(json.dumps({"all": {"hosts": {name: {**common, **own} for name, own in hosts.items()}}}), encoding="utf-8")
    role = {"role": ROLE, "vars": {"kms_verify_kms_key_id": ALIAS, **variables}}
    return ansible.playbook([{"hosts": "all", "gather_facts": False, "roles": [role], **(play or {})}], *arguments, env=env)


def table(run: Run) -> list[str]:
    """The lines that the role shows, without latencies and superfluous blanks."""
    lines: list[str] = next(record["result"]["msg"] for record in run.results if record["task"].endswith(": Show the permissions of each host"))
    assert len({line.find(word) for line, word in ((lines[0], "DescribeKey"), (lines[1], lines[1].split()[1]))}) == 1  # in columns
    return [re.sub(r"  \d+ +(ready|NOT)", r"  MS  \1", line) for line in lines]


def row(run: Run, host: str) -> list[str]:
    return next(re.split("  +", line) for line in table(run) if line.startswith(f"{host} "))


def refusals(run: Run) -> dict[str, str]:
    """The error of each host that the role made fail."""
    failed = [record for record in run.results if record["outcome"] == "failed"]
    return {record["host"]: record["result"]["msg"] for record in failed if record["task"].endswith(": Fail if the host is not ready")}


@pytest.mark.matrix
def test_hosts_against_permissions(kms: StrictKms, ansible: Ansible, key: str, bare_python: str) -> None:
    describe = kms.principal(policy("kms:DescribeKey", "kms:Encrypt"))
    encrypt = kms.principal(policy("kms:DescribeKey", "kms:Decrypt"))
    hosts: Hosts = {
        "ready": signed(kms.admin),
        "no-decrypt": signed(describe),
        "no-encrypt": signed(encrypt),
        "no-credentials": {},
        "no-way": {**signed(kms.admin), "kms_verify_endpoint": "http://127.0.0.1:9", "kms_verify_timeout": 1},
        "no-library": {**signed(kms.admin), "ansible_python_interpreter": bare_python},
        "no-python": {"kms_verify_python": "/nonexistent/python"},
        "gone": {"ansible_remote_tmp": NOWHERE, "kms_verify_pipelining": False},
    }
    report = ansible.folder / "report.json"
    run = verify(ansible, hosts, "-vvvv", kms_verify_report=str(report))
    assert run.code == 2
    key_id = key.rsplit("/", 1)[-1]
    lines = table(run)
    assert [re.split("  +", line) for line in lines[: len(hosts) + 1]] == [
        ["host", "DescribeKey", "Encrypt", "Decrypt", "key", "state", "region", "ms", "result"],
        ["ready", "allowed", "allowed", "allowed", key_id, "Enabled", "us-east-1", "MS", "ready"],
        ["no-decrypt", "allowed", "allowed", "DENIED", key_id, "Enabled", "us-east-1", "MS", "NOT READY: access_denied"],
        ["no-encrypt", "allowed", "DENIED", "-", key_id, "Enabled", "us-east-1", "MS", "NOT READY: access_denied"],
        ["no-credentials", "FAILED", "-", "-", ALIAS, "-", "us-east-1", "-", "NOT READY: no_credentials"],
        ["no-way", "FAILED", "-", "-", ALIAS, "-", "us-east-1", "MS", "NOT READY: unreachable"],
        ["no-library", "FAILED", "-", "-", ALIAS, "-", "us-east-1", "-", "NOT READY: missing_library"],
        ["no-python", "-", "-", "-", "-", "-", "-", "-", "NOT READY: host_failed"],
        ["gone", "-", "-", "-", "-", "-", "-", "-", "NOT READY: host_unreachable"],
    ]
    reasons = dict(line.split(": ", 1) for line in lines[len(hosts) + 1 :])
    assert list(reasons) == [host for host in hosts if host != "ready"]
    assert reasons["no-decrypt"] == f"kms:Decrypt is denied to {describe.arn} for the key {key}."
    assert reasons["no-library"] == "The Python library botocore cannot be imported (No module named 'botocore')."
    assert "/nonexistent/python" in reasons["no-python"]
    assert "Failed to create temporary directory" in reasons["gone"]

    written = json.loads(report.read_text(encoding="utf-8"))
    assert (report.stat().st_mode & 0o777, written["ready"], list(written["hosts"])) == (0o644, False, sorted(hosts))
    for host, result in written["hosts"].items():
        line = row(run, host)
        assert [result["permissions"][name]["verdict"] for name in ("describe_key", "encrypt", "decrypt")] == [
            {"-": "not_tried"}.get(word, word.lower()) for word in line[1:4]
        ]
        assert line[-1] == ("ready" if result["ready"] else f"NOT READY: {result['reason']}")
        assert result["summary"].replace("\n", " ") == reasons.get(host, result["summary"])
    assert written["hosts"]["no-encrypt"]["remedy"]["policy_statement"] == {
        "Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": key
    }

    remedies = {record["host"]: record["result"]["kms_verify_result.remedy"] for record in run.results if "kms_verify_result.remedy" in record["result"]}
    assert remedies == {host: written["hosts"][host]["remedy"] for host in reasons}
    assert remedies["no-library"]["msg"] == HOW_TO_GET
    assert remedies["no-python"]["msg"] == "Check the Python interpreter that modules use on this host."
    assert remedies["gone"]["msg"] == "Check the connection to this host."
    failed = refusals(run)
    assert set(failed) == set(reasons)
    assert failed["no-decrypt"] == f"{reasons['no-decrypt']} Allow kms:Decrypt by an IAM policy, the key policy or a grant."
    assert failed["no-credentials"].startswith("No AWS credentials were found. Set access_key and secret_key, ")
    assert not any(record["result"].get("changed") for record in run.results)
    for who in (kms.admin, describe, encrypt):
        assert who.secret_key not in run.output + json.dumps(run.results) + report.read_text(encoding="utf-8")


@pytest.mark.matrix
def test_check_mode(kms: StrictKms, ansible: Ansible) -> None:
    report = ansible.folder / "unwritten.json"
    hosts = {"ready": signed(kms.admin), "denied": signed(kms.principal(policy("kms:DescribeKey")))}
    run = verify(ansible, hosts, "--check", "--diff", kms_verify_report=str(report))
    assert (run.code, set(refusals(run)), report.exists()) == (2, {"denied"}, False)
    assert (row(run, "ready")[-1], row(run, "denied")[2]) == ("ready", "DENIED")
    assert not any(record["result"].get("changed") for record in run.results)


def test_hosts_that_are_not_ready_can_continue(kms: StrictKms, ansible: Ansible) -> None:
    hosts: Hosts = {"ready": {**signed(kms.admin), "kms_verify_stands_for": ["twin"]}, "denied": signed(kms.principal(policy("kms:Decrypt")))}
    after = [{"name": "after", "ansible.builtin.debug": {"var": "kms_verify_result.ready"}}]
    run = verify(ansible, hosts, kms_verify_fail=False, play={"tasks": after}).succeeded()
    assert refusals(run) == {}
    results = {record["host"]: record["result"]["kms_verify_result.ready"] for record in run.results if record["task"] == "after"}
    assert results == {"ready": True, "denied": False}
    assert (row(run, "ready")[-1], row(run, "twin")[-2:]) == ("ready", ["-", "ready (as ready)"])
    assert table(run)[-1] == "Hosts represented by another one: 1. Each has the verdict of a host with the same connection to KMS."


def test_at_most_five_tasks_start_a_process_for_a_ready_host(kms: StrictKms, ansible: Ansible) -> None:
    """Ansible starts a process for each task of each host, even for one that is skipped; what runs once costs one for all hosts."""
    run = verify(ansible, {name: signed(kms.admin) for name in ("first", "second")}).succeeded()
    started = [record["task"] for record in run.results if record["host"] == "second"]
    assert len(started) <= 5, started


@pytest.mark.fault(
    operation="kms_verify",
    fault="a host becomes unreachable",
    outcome="The host is reported as not checked, and the play as not ready.",
)
def test_unreachable_and_later_hosts(kms: StrictKms, ansible: Ansible) -> None:
    """While gathering facts, and in a later batch."""
    hosts = {"first": signed(kms.admin), "lost": {"ansible_remote_tmp": NOWHERE}, "later": signed(kms.admin)}
    run = verify(ansible, hosts, play={"gather_facts": True, "gather_subset": ["!all"], "serial": [2, 1]})
    assert run.code == 4
    assert table(run)[-2:] == [
        "lost: This host was unreachable or failed before it could be checked.",
        "later: This host was not checked in this run.",
    ]
    assert (row(run, "lost")[-1], row(run, "later")[-1]) == ("NOT READY: host_unreachable", "NOT READY: not_asked")
    assert refusals(run) == {}


def test_the_reason_of_the_module_is_reported(kms: StrictKms, ansible: Ansible) -> None:
    """Expired credentials once ended in a traceback and were reported as a fault of the Python interpreter."""
    expired = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hush-hush", "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}
    run = verify(ansible, {"expired": {}}, env=expired)
    assert row(run, "expired")[-1] == "NOT READY: expired_credentials"
    assert "Export new temporary credentials" in refusals(run)["expired"]
    assert "the Python interpreter that modules use" not in run.output
    assert "hush-hush" not in run.output


def test_an_option_that_is_wrong(ansible: Ansible) -> None:
    run = verify(ansible, {"vault": {}}, kms_verify_libraries="somewhere")
    assert run.code == 2
    assert "value of kms_verify_libraries must be one of: present, system, venv, got: somewhere" in run.output


def test_a_virtual_environment_in_check_mode(kms: StrictKms, ansible: Ansible, bare_python: str, tmp_path: Path) -> None:
    parent = tmp_path / "where-programs-run"
    parent.mkdir()
    hosts = {
        "made": {**signed(kms.admin), "ansible_python_interpreter": bare_python, "kms_verify_venv_parent": str(parent)},
        "no-venv": {"kms_verify_python": "/bin/false"},
        "no-package": {"kms_verify_venv_packages": ["./there-is-no-such-package"]},
    }
    config = Path.home() / ".config" / "pip" / "pip.conf"
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    run = verify(ansible, hosts, "--check", env={**({"PIP_CONFIG_FILE": str(config)} if config.exists() else {}), **pip}, kms_verify_libraries="venv")
    of_made = [record for record in run.results if record["host"] == "made"]
    made = next(record["result"]["path"] for record in of_made if record["task"].endswith("folder for the virtual environment"))
    assert Path(made).parent == parent
    assert list(parent.iterdir()) == []
    assert row(run, "made")[-1] == "ready"
    assert row(run, "no-venv")[-1] == row(run, "no-package")[-1] == "NOT READY: host_failed"
    assert any(line.startswith("no-package: Install the libraries: ") and "there-is-no-such-package" in line for line in table(run))
    failed = refusals(run)["no-venv"]
    assert failed.startswith("Create the virtual environment: ")
    assert failed.endswith(f"non-zero return code. {HOW_TO_GET}")
    assert not any(record["result"].get("changed") for record in run.results)


SUDO = """\
#!/bin/sh
# Does not become another user, but records the requested user, and uses the home folder of that user.
while [ "$1" != -u ]; do shift; done
echo "$2" >> {folder}/became
HOME={folder}/$2; export HOME
shift 2; exec "$@"
"""

PACKAGES = """\
from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule({"name": {"type": "list", "elements": "str"}, "state": {}}, supports_check_mode=True)
with open("FOLDER/installed", "a") as stream:
    stream.write(" ".join(module.params["name"]) + "\\n")
module.exit_json(changed=True)
"""


@pytest.fixture
def sudo(ansible: Ansible, tmp_path: Path) -> dict[str, str]:
    """Variables of a host where the user can become any other user."""
    program = tmp_path / "sudo"
    program.write_text(SUDO.format(folder=tmp_path), encoding="utf-8")
    program.chmod(0o755)
    return {"ansible_become_exe": str(program), "ansible_user": "somebody"}


@pytest.mark.matrix
def test_as_the_services_user(kms: StrictKms, ansible: Ansible, sudo: dict[str, str], tmp_path: Path) -> None:
    """The home of the service's user contains credentials; that of the play's user does not."""
    files = tmp_path / "openbao" / ".aws"
    files.mkdir(parents=True)
    admin = kms.admin
    text = f"[default]\naws_access_key_id = {admin.access_key}\naws_secret_access_key = {admin.secret_key}\n"
    (files / "credentials").write_text(text, encoding="utf-8")
    run = verify(ansible, {"service": {**sudo, "kms_verify_user": "openbao"}, "play": sudo})
    assert (row(run, "service")[-1], row(run, "play")[-1]) == ("ready", "NOT READY: no_credentials")
    assert (tmp_path / "became").read_text(encoding="utf-8").split() == ["openbao"]


def test_the_distributions_packages(ansible: Ansible, sudo: dict[str, str], tmp_path: Path) -> None:
    """A stand-in for the distribution's package manager: it is called as root with the packages of the variable, and /usr/bin/python3 is used."""
    library = ansible.folder / "library"
    library.mkdir()
    (library / "packages.py").write_text(PACKAGES.replace("FOLDER", str(tmp_path)), encoding="utf-8")
    hosts = {
        "installed": {**sudo, "ansible_package_use": "ansible.legacy.packages", "ansible_pipelining": True},
        "no-manager": {**sudo, "ansible_package_use": "there_is_no_such_manager"},
    }
    run = verify(ansible, hosts, kms_verify_libraries="system", kms_verify_system_packages=["python3-boto3"])
    assert (tmp_path / "installed").read_text(encoding="utf-8") == "python3-boto3\n"
    if os.geteuid() != 0:
        assert (tmp_path / "became").read_text(encoding="utf-8").split() == ["root"]
    taken = "Choose the Python interpreter"
    facts = {record["host"]: record["result"]["ansible_facts"] for record in run.results if record["task"].endswith(taken)}
    assert facts["installed"]["kms_verify__python"] == "/usr/bin/python3"
    assert row(run, "no-manager")[-1] == "NOT READY: host_failed"
    assert refusals(run)["no-manager"].startswith("Install the distribution's packages: ")


DENIED = """\
#!/bin/sh
echo "sudo: a password is required" >&2
exit 1
"""


@pytest.mark.matrix
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_user_that_cannot_be_become(kms: StrictKms, ansible: Ansible, tmp_path: Path, pipelining: bool) -> None:
    """The reason is become_failed in each case, not a missing library."""
    program = tmp_path / "sudo"
    program.write_text(DENIED, encoding="utf-8")
    program.chmod(0o755)
    denied = {"ansible_become_exe": str(program), "ansible_user": "somebody", "kms_verify_pipelining": pipelining, **signed(kms.admin)}
    nobody = {"ansible_become_method": "ansible.builtin.su", "kms_verify_user": "there-is-no-such-user"}
    hosts: Hosts = {
        "user": {**denied, "kms_verify_user": "openbao"},
        "play": {**denied, "ansible_become": True, "ansible_become_user": "admin"},
    }
    if os.geteuid() == 0:
        hosts["unknown"] = {**denied, **nobody, "ansible_become_exe": "su"}
    else:  # root need not become root
        hosts["root"] = {**denied, "kms_verify_product": "openbao", "kms_verify_config": [str(tmp_path)]}
        hosts["system"] = {**denied, "kms_verify_libraries": "system"}
    run = verify(ansible, hosts)
    who = {"user": "openbao", "root": "root", "play": "admin", "system": "root", "unknown": "there-is-no-such-user"}
    assert {host: row(run, host)[-1] for host in hosts} == dict.fromkeys(hosts, "NOT READY: become_failed")
    for host, message in refusals(run).items():
        assert f"Check that Ansible can become the user {who[host]} on this host" in message
        assert "boto3" not in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user without a password")
@pytest.mark.parametrize("pipelining", [True, False])
def test_as_a_real_user_without_rights(kms: StrictKms, ansible: Ansible, pipelining: bool) -> None:
    """The user nobody, with credentials that only root, and then only nobody, can read."""
    libraries = subprocess.run([host_python(), "-c", "import botocore; print(botocore.__path__[0])"], capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", str(folder / "venv")], check=True, timeout=scaled(60))
        packages = next((folder / "venv" / "lib").glob("python3*/site-packages"))
        (packages / "libraries.pth").write_text(str(Path(libraries.strip()).parent), encoding="utf-8")
        secrets = folder / "credentials"
        secrets.write_text(f"[default]\naws_access_key_id = {kms.admin.access_key}\naws_secret_access_key = {kms.admin.secret_key}\n", encoding="utf-8")
        secrets.chmod(0o600)
        variables: dict[str, Any] = {
            "kms_verify_python": str(folder / "venv" / "bin" / "python"),
            "kms_verify_shared_creds_filename": str(secrets),
            "kms_verify_user": "nobody",
            "kms_verify_pipelining": pipelining,
            "ansible_become_method": "ansible.builtin.su",
            "ansible_become_flags": "-s /bin/sh",
        }
        run = verify(ansible, {"vault": variables})
        assert row(run, "vault")[-1] == "NOT READY: file_error"
        os.chown(secrets, 65534, 65534)
        run = verify(ansible, {"vault": variables}).succeeded()
        assert row(run, "vault")[-1] == "ready"
