# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role seal_key with the real modules of amazon.aws against the strict KMS."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.amazon_aws import with_amazon_aws
from support.ansible_run import Ansible, Run
from support.strict_kms import Credentials, StrictKms

CHECKOUT = Path(__file__).resolve().parents[2]
GUIDE = (CHECKOUT / "docs" / "docsite" / "rst" / "guide_seal_key.rst").read_text(encoding="utf-8")
README = (CHECKOUT / "roles" / "seal_key" / "README.md").read_text(encoding="utf-8")
# What an administrator needs besides the key policy, as the guide says.
ADMINISTRATOR: dict[str, Any] = json.loads(re.findall(r"^\.\. code-block:: json\n\n((?: .*\n|\n)+)", GUIDE, re.MULTILINE)[0])
CHANGES = (
    *("CreateKey", "CreateAlias", "DeleteAlias", "UpdateAlias", "PutKeyPolicy", "TagResource", "UntagResource", "EnableKey", "DisableKey", "ReplicateKey"),
    *("EnableKeyRotation", "DisableKeyRotation", "ScheduleKeyDeletion", "CancelKeyDeletion", "UpdateKeyDescription", "CreateGrant", "RetireGrant"),
)


class Site:
    """An administrator and a server, and the playbook run by the administrator."""

    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.kms = kms
        self.alias = f"alias/{folder.name}"
        self.admin, self.server = kms.principal(ADMINISTRATOR), kms.principal()
        self.environment = {**kms.environment(self.admin), "ANSIBLE_COLLECTIONS_PATH": with_amazon_aws()}
        self.ansible = Ansible(folder, self.environment)

    def variables(self, **more: Any) -> dict[str, Any]:
        return {
            "seal_key_alias": self.alias,
            "seal_key_administrators": [self.admin.arn],
            "seal_key_servers": [self.server.arn],
            "seal_key_tags": {"application": "vault"},
            "seal_key_wait": 20,
            **more,
        }

    def run(self, *arguments: str, env: dict[str, str] | None = None, **more: Any) -> Run:
        self.kms.clear_calls()
        return self.ansible.command(["ansible-playbook", "sealwright.vault_seal.seal_key", "-e", json.dumps(self.variables(**more)), *arguments], env)

    def changes(self) -> list[str]:
        """The operations that change something, which the last run called."""
        return [call["operation"] for call in self.kms.calls() if call["operation"] in CHANGES]

    def key(self, region: str = "us-east-1") -> dict[str, Any]:
        metadata: dict[str, Any] = self.kms.client(region=region, credentials=self.admin).describe_key(KeyId=self.alias)["KeyMetadata"]
        return metadata

    def policy(self, key: str, region: str = "us-east-1") -> dict[str, Any]:
        text = self.kms.client(region=region, credentials=self.admin).get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        policy: dict[str, Any] = json.loads(text)
        return policy

    def connection(self, who: Credentials) -> dict[str, str]:
        return {"access_key": who.access_key, "secret_key": who.secret_key}


@pytest.fixture
def site(kms: StrictKms, tmp_path: Path) -> Site:
    return Site(kms, tmp_path)


def result(run: Run) -> dict[str, Any]:
    facts: dict[str, Any] = next(each["result"]["ansible_facts"] for each in run.results if each["task"].endswith("Set the fact seal_key_result"))
    return dict(facts["seal_key_result"])


def message(run: Run) -> str:
    """The message of the run that failed, with its reason first."""
    assert run.code == 2, run.output
    assert "Traceback" not in run.output
    return str(run.results[-1]["result"]["msg"])


def test_from_nothing_to_a_key_that_serves_a_seal(site: Site, kms: StrictKms) -> None:
    tried = site.run("--check").succeeded()
    assert site.changes() == []
    assert result(tried)["changes"] == [f"create a key for {site.alias}"]

    run = site.run(seal_key_server_connection=site.connection(site.server)).succeeded()
    assert site.changes() == ["CreateKey", "CreateAlias", "EnableKeyRotation"]
    found = result(run)
    assert (found["arn"], found["changed"], found["verified"], found["replicas"]) == (site.key()["Arn"], True, True, [])
    assert (site.key()["KeySpec"], site.key()["KeyUsage"], site.key()["MultiRegion"]) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", False)
    admin = kms.client(credentials=site.admin)
    assert admin.get_key_rotation_status(KeyId=found["arn"])["KeyRotationEnabled"] is True
    assert admin.list_resource_tags(KeyId=found["arn"])["Tags"] == [{"TagKey": "application", "TagValue": "vault"}]
    # Nobody else may use the key: neither its administrator, nor somebody with all rights by IAM.
    for who in (site.admin, None):
        with pytest.raises(admin.exceptions.ClientError, match="AccessDenied"):
            kms.client(credentials=who).encrypt(KeyId=found["arn"], Plaintext=b"x")
    with pytest.raises(admin.exceptions.ClientError, match="explicit deny"):
        admin.schedule_key_deletion(KeyId=found["arn"], PendingWindowInDays=7)

    again = site.run().succeeded()
    assert site.changes() == []
    assert (result(again)["arn"], result(again)["changed"]) == (found["arn"], False)
    secret = kms.environment(site.admin)["AWS_SECRET_ACCESS_KEY"]
    for each in (tried, run, again):
        assert secret not in each.output
        assert site.server.secret_key not in each.output


def test_an_existing_key_is_completed(site: Site, kms: StrictKms) -> None:
    arn = result(site.run(seal_key_rotation=False, seal_key_tags={"owner": "a"}).succeeded())["arn"]
    assert site.changes() == ["CreateKey", "CreateAlias"]
    more = {"seal_key_rotation": True, "seal_key_tags": {"application": "vault"}, "seal_key_kms_key_id": arn, "seal_key_description": "another"}
    assert result(site.run("--check", **more).succeeded())["changes"] == ["set the tags application", "enable automatic rotation"]
    assert site.changes() == []
    site.run(**more).succeeded()
    assert site.changes() == ["TagResource", "EnableKeyRotation"]
    tags = {each["TagKey"]: each["TagValue"] for each in kms.client(credentials=site.admin).list_resource_tags(KeyId=arn)["Tags"]}
    assert tags == {"owner": "a", "application": "vault"}
    other = f"{site.alias}-2"
    site.run(**more, seal_key_alias=other).succeeded()
    assert site.changes() == ["CreateAlias"]
    assert kms.client(credentials=site.admin).describe_key(KeyId=other)["KeyMetadata"]["Arn"] == arn


def test_a_policy_that_differs_is_refused_until_it_may_be_replaced(site: Site, kms: StrictKms) -> None:
    arn = result(site.run().succeeded())["arn"]
    policy = site.policy(arn)
    policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": site.server.arn}, "Action": "kms:*", "Resource": "*"})
    kms.client(credentials=site.admin).put_key_policy(KeyId=arn, PolicyName="default", Policy=json.dumps(policy))
    run = site.run()
    assert message(run).startswith("policy_differs: ")
    assert "allows kms:CreateGrant" in message(run)
    shown = next(each["result"]["msg"] for each in run.results if each["task"].endswith("the difference of the key policies"))
    assert '-        "kms:*"' in shown
    assert site.changes() == []
    assert result(site.run("--check", seal_key_policy_replace=True).succeeded())["changes"] == ["replace the key policy"]
    assert site.changes() == []
    site.run(seal_key_policy_replace=True).succeeded()
    assert site.changes() == ["PutKeyPolicy"]
    assert len(site.policy(arn)["Statement"]) == 3


def disabled(site: Site, arn: str) -> None:
    site.kms.client(credentials=site.admin).disable_key(KeyId=arn)


def pending_deletion(site: Site, arn: str) -> None:
    site.kms.client(credentials=site.admin).schedule_key_deletion(KeyId=arn)


@pytest.mark.parametrize(("spoil", "reason"), [(disabled, "key_disabled"), (pending_deletion, "key_pending_deletion")])
def test_a_key_that_somebody_disabled_stays_so(site: Site, spoil: Any, reason: str) -> None:
    arn = result(site.run().succeeded())["arn"]
    spoil(site, arn)
    state = site.key()["KeyState"]
    run = site.run(seal_key_tags={"more": "x"})
    assert message(run).startswith(f"{reason}: ")
    assert "The role does not do it unasked." in message(run)
    assert site.changes() == []
    assert site.key()["KeyState"] == state


def test_what_is_refused_before_anything_is_changed(site: Site, kms: StrictKms) -> None:
    first = result(site.run().succeeded())["arn"]
    anybody = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}
    second = kms.new_key(Policy=json.dumps(anybody))
    kms.new_key(alias=f"{site.alias}-rsa", KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT", Policy=json.dumps(anybody))
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"seal_key_kms_key_id": second}, "wrong_key", f"points to {first}"),
        ({"seal_key_alias": f"{site.alias}-rsa"}, "key_unusable", "is asymmetric"),
        ({"seal_key_alias": "alias/aws/s3"}, "", "belong to AWS"),
        ({"seal_key_multi_region": True}, "key_unusable", "cannot become a multi-Region key"),
        ({"seal_key_tags": {"aws:x": "y"}}, "", "without the prefix aws:"),
        ({"seal_key_kms_key_id": second, "seal_key_alias": f"{site.alias}-new"}, "policy_differs", "allows kms:CreateGrant"),
        ({"seal_key_kms_key_id": kms.new_key(), "seal_key_alias": f"{site.alias}-new"}, "access_denied", "could not be described"),
    ]
    for more, reason, words in cases:
        run = site.run(**more)
        assert message(run).startswith(f"{reason}: " if reason else ""), more
        assert words in run.output.replace("\n", " "), run.output
        assert site.changes() == [], more
        assert reason or kms.calls() == [], more


def test_errors_of_the_modules_have_a_remedy(site: Site, kms: StrictKms) -> None:
    # A policy after which the caller could not change it is refused by KMS: nothing is created.
    run = site.run(seal_key_administrators=[site.server.arn])
    assert message(run).startswith("invalid_option: ")
    assert "one of the administrators" in message(run)
    kms.set_policy(site.admin.arn, {**ADMINISTRATOR, "Statement": ADMINISTRATOR["Statement"][:1]})
    run = site.run()
    assert message(run).startswith("access_denied: ")
    assert "Set seal_key_kms_key_id to its ARN" in message(run)
    assert site.changes() == ["CreateKey", "CreateAlias"]
    # What was created is found, and continued with.
    arn = next(call["answered"] for call in kms.calls("CreateKey")) or ""
    kms.set_policy(site.admin.arn, ADMINISTRATOR)
    left = next(key["KeyArn"] for key in kms.client().list_keys()["Keys"][::-1] if key["KeyArn"].endswith(arn))
    assert result(site.run(seal_key_kms_key_id=left).succeeded())["arn"] == left
    assert "CreateKey" not in site.changes()


def test_a_server_that_may_not_use_the_key_is_noticed(site: Site, kms: StrictKms) -> None:
    stranger = kms.principal()
    run = site.run("-vvv", seal_key_wait=6, seal_key_server_connection=site.connection(stranger))
    assert run.code == 2
    assert "is not authorized to perform: kms:DescribeKey" in run.output
    assert stranger.secret_key not in run.output


def test_replicas(site: Site, kms: StrictKms) -> None:
    more = {"seal_key_replica_regions": ["eu-central-1"], "seal_key_replica_endpoints": {"eu-central-1": kms.url}}
    tried = site.run("--check", **more).succeeded()
    assert site.changes() == []
    assert result(tried)["changes"] == [f"create a multi-Region key for {site.alias}", "replicate to eu-central-1"]
    found = result(site.run(**more, seal_key_region="us-east-1", seal_key_endpoint=kms.url).succeeded())
    assert site.changes() == ["CreateKey", "CreateAlias", "EnableKeyRotation", "ReplicateKey", "CreateAlias"]
    assert found["replicas"] == [site.key("eu-central-1")["Arn"]]
    assert site.policy(site.alias, "eu-central-1") == site.policy(site.alias)
    assert result(site.run(**more).succeeded())["changed"] is False
    assert site.changes() == []
    arn = found["replicas"][0]
    kms.client(region="eu-central-1", credentials=site.admin).disable_key(KeyId=arn)
    assert f"The replica {arn} is in the state Disabled." in message(site.run(**more))
    assert site.changes() == []
    assert site.key("eu-central-1")["KeyState"] == "Disabled"


def test_the_collection_is_missing(site: Site, kms: StrictKms) -> None:
    run = site.run(env={"ANSIBLE_COLLECTIONS_PATH": site.environment["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]})
    assert "ansible-galaxy collection install amazon.aws" in message(run)
    assert kms.calls() == []


def test_the_readme_and_the_commands_of_the_guide(site: Site, kms: StrictKms) -> None:
    def example(text: str) -> str:
        text = text.replace("arn:aws:iam::111122223333:role/platform", site.admin.arn).replace("arn:aws:iam::111122223333:role/vault", site.server.arn)
        return text.replace("alias/vault-unseal", site.alias)

    environment = {"AWS_REGION": "eu-central-1"}
    (play,) = yaml.safe_load(example("".join(re.findall(r"^```yml\n(.*?)^```", README, re.MULTILINE | re.DOTALL))))
    made = result(site.ansible.playbook([play]).succeeded())
    assert (made["changed"], made["region"]) == (True, "eu-central-1")

    (variables,) = re.findall(r"^\.\. code-block:: yaml\+jinja\n\n((?: .*\n|\n)+)", GUIDE, re.MULTILINE)
    (site.ansible.folder / "seal_key.yml").write_text(example(textwrap.dedent(variables)), encoding="utf-8")
    commands = re.findall(r"^   \$ (ansible-playbook .*)$", GUIDE, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        run = site.ansible.command(shlex.split(command), environment).succeeded()
        assert (result(run)["arn"], result(run)["changed"]) == (made["arn"], False)
