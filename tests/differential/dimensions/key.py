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
}
