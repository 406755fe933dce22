# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key, and the state that it is in."""

from __future__ import annotations

from ..part import Part


def _stanza(key: str) -> Part:
    return Part(stanza={"kms_key_id": key})


KEY = {
    "alias": _stanza("alias/a"),
    "id": _stanza("{key_id}"),
    "arn": _stanza("{key_arn}"),
    "alias-arn": _stanza("{alias_arn}"),
    "arn-of-another-region": _stanza("{b_eu_west_1}"),
    "missing-alias": _stanza("alias/none"),
    "no-form-of-a-key": _stanza("a key"),
    "disabled": _stanza("alias/disabled"),
    "asymmetric": _stanza("alias/asymmetric"),
    "vault-variable": Part(environment={"VAULT_AWSKMS_SEAL_KEY_ID": "alias/b"}),
    "bao-variable": Part(environment={"BAO_AWSKMS_SEAL_KEY_ID": "alias/b"}),
    "wrapper-variable": Part(environment={"AWSKMS_WRAPPER_KEY_ID": "alias/c"}),
    "both-variables": Part(environment={"VAULT_AWSKMS_SEAL_KEY_ID": "alias/b", "AWSKMS_WRAPPER_KEY_ID": "alias/c"}),
    "stanza-and-variable": Part(stanza={"kms_key_id": "alias/a"}, environment={"VAULT_AWSKMS_SEAL_KEY_ID": "alias/b"}),
    "stanza-and-wrapper-variable": Part(stanza={"kms_key_id": "alias/a"}, environment={"AWSKMS_WRAPPER_KEY_ID": "alias/c"}),
    "stanza-and-empty-variables": Part(stanza={"kms_key_id": "alias/a"}, environment={"VAULT_AWSKMS_SEAL_KEY_ID": "", "AWSKMS_WRAPPER_KEY_ID": ""}),
    "reference": Part(stanza={"kms_key_id": "env://OWN_KEY_ID"}, environment={"OWN_KEY_ID": "alias/b"}),
    "empty": _stanza(""),
    "none": Part(),
    "blank-after": Part(stanza={"kms_key_id": "alias/a "}),
    "line-break-after": Part(stanza={"kms_key_id": "alias/a\n"}),
    "upper-case-alias": Part(stanza={"kms_key_id": "ALIAS/a"}),
    "upper-case-id": Part(stanza={"kms_key_id": "{key_id_in_capitals}"}),
    "slash-before": Part(stanza={"kms_key_id": "/alias/a"}),
    "without-alias": Part(stanza={"kms_key_id": "a"}),
    "key-word": Part(stanza={"kms_key_id": "key/{key_id}"}),
    "alias-of-aws": Part(stanza={"kms_key_id": "alias/aws/s3"}),
    "arn-of-another-account": Part(stanza={"kms_key_id": "arn:aws:kms:us-east-1:999988887777:alias/a"}),
    "arn-of-another-partition": Part(stanza={"kms_key_id": "arn:aws-cn:kms:us-east-1:123456789012:alias/a"}),
    "arn-of-government": Part(stanza={"kms_key_id": "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/a"}),
    "arn-of-unknown-partition": Part(stanza={"kms_key_id": "arn:aws-none:kms:us-east-1:123456789012:alias/a"}),
    "arn-of-another-service": Part(stanza={"kms_key_id": "arn:aws:iam::123456789012:role/x"}),
    "arn-cut": Part(stanza={"kms_key_id": "arn:aws:kms:us-east-1:123456789012:"}),
    "multi-region-form": Part(stanza={"kms_key_id": "mrk-1234abcd12ab34cd56ef1234567890ab"}),
    "umlaut": Part(stanza={"kms_key_id": "alias/b\u00fccher"}),
    "very-long": Part(stanza={"kms_key_id": "alias/" + "a" * 3000}),
    "expression": Part(stanza={"kms_key_id": "${KEY}"}),
}
