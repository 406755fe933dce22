# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awskms_alias against the strict KMS: the alias of a seal is pointed to another key, or not changed."""

from __future__ import annotations

from typing import Any

from support.ansible_run import Ansible
from support.strict_kms import StrictKms

MODULE = "sealwright.vault_seal.awskms_alias"
ALIAS = "alias/retargeted"


def test_an_alias_gets_a_key_that_serves_or_stays(kms: StrictKms, ansible: Ansible) -> None:
    old, new, third = kms.new_key(alias=ALIAS), kms.new_key(), kms.new_key()
    signing = kms.new_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    disabled, elsewhere = kms.new_key(), kms.new_key("eu-central-1")
    kms.client().disable_key(KeyId=disabled)
    reader = kms.principal({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*"}]})
    cases: dict[str, tuple[str, str, dict[str, Any]]] = {
        "disabled": ("key_disabled", "The key is disabled. The alias was not changed.", {"kms_key_id": disabled}),
        "signing": ("key_unusable", "SIGN_VERIFY", {"kms_key_id": signing}),
        "to_alias": ("invalid_option", f"{ALIAS} (from option kms_key_id) is an alias, not a key. Use the key ID or key ARN", {"kms_key_id": ALIAS}),
        "key_as_alias": ("invalid_option", "(from option alias) is not an alias name", {"alias": old}),
        "alias_arn": ("invalid_option", "Use the form alias/NAME", {"alias": f"arn:aws:kms:us-east-1:123456789012:{ALIAS}"}),
        "of_aws": ("invalid_option", "alias/aws/ is reserved", {"alias": "alias/aws/ebs"}),
        "malformed": ("malformed_key_id", "The key from option kms_key_id is invalid", {"kms_key_id": "no key"}),
        "expects_alias": ("invalid_option", "(from option expected_key_id) is an alias", {"expected_key_id": ALIAS}),
        "no_alias": ("not_found", "alias/none", {"alias": "alias/none"}),
        "elsewhere": ("region_mismatch", "eu-central-1", {"kms_key_id": elsewhere}),
        "moved": ("wrong_key", f"points to {old}, which is neither the expected key {third} nor the new key", {"expected_key_id": third}),
        "denied": ("access_denied", "kms:UpdateAlias", {"access_key": reader.access_key, "secret_key": reader.secret_key}),
    }
    tasks = [{"name": name, MODULE: {"alias": ALIAS, "kms_key_id": new, **message}, "ignore_errors": True} for name, (*dummy, message) in cases.items()]
    tasks += [{"name": "dry", MODULE: {"alias": ALIAS, "kms_key_id": new, "expected_key_id": old}, "check_mode": True, "diff": True}]
    tried = ansible.playbook(tasks).succeeded()
    assert {name: tried[name].get("reason") for name in cases} == {name: reason for name, (reason, *dummy) in cases.items()}
    assert {name: tried[name]["msg"] for name, (dummy, text, *dummy_rest) in cases.items() if text not in tried[name]["msg"]} == {}
    assert tried["moved"]["old_key_id"] == old
    assert (tried["dry"]["changed"], tried["dry"]["diff"]) == (True, {"before": f"{ALIAS} -> {old}\n", "after": f"{ALIAS} -> {new}\n"})
    assert kms.client().describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"] == old

    # Of two runs that both saw the old key, the second finds the work done; whoever wants a third key is told.
    values = {"alias": ALIAS, "kms_key_id": new.rsplit("/", 1)[-1], "expected_key_id": old}
    run = ansible.playbook(
        [
            {"name": "moved", MODULE: values}, {"name": "again", MODULE: values},
            {"name": "third", MODULE: {**values, "kms_key_id": third}, "ignore_errors": True},
        ]
    ).succeeded()
    assert [run[name]["changed"] for name in ("moved", "again")] == [True, False]
    assert (run["moved"]["old_key_id"], run["again"]["key_id"], run["third"]["reason"]) == (old, new, "wrong_key")
    assert kms.client().describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"] == new
