#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_settings_info
short_description: Tell which settings an awskms seal will have, where each comes from, and what is wrong
version_added: 0.1.0
description:
  - Reads what a host has for a server of HashiCorp Vault or OpenBao (configuration files, environment files, a systemd unit) and says for every setting of the
    C(awskms) seal which value the server will use and where it comes from. It explains servers that this collection did not configure, too.
  - Asks nobody; neither KMS nor the server need to be there. Whether the settings work is told by the module that probes the permissions.
  - Files are read on the host, by a reader of HCL 1 of the collection's own. The secrets in them stay there, since no result shows them; and Vault and
    OpenBao use HCL 1, which parsers of HCL 2 read otherwise.
  - What is said for OpenBao is proven against the server; what is said for Vault is what its documentation says.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_server
attributes:
  check_mode:
    description: Can run in check mode and return the same as otherwise.
    support: full
    details: Changes nothing in any mode.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: Changes nothing.
notes:
  - Needs neither boto3 nor cryptography.
seealso:
  - module: sealwright.vault_seal.awskms_key_info
"""

EXAMPLES = r"""
- name: Say what an installed server will use
  sealwright.vault_seal.awskms_seal_settings_info:
    unit: openbao
    unit_directories:
      - "{{ units }}"
  register: seal

- name: Stop where that is not what is meant
  ansible.builtin.assert:
    that: seal.valid
    fail_msg: "{{ seal.problems | map(attribute='msg') | join(' ') }}"

- name: Check a configuration before it is put in place
  sealwright.vault_seal.awskms_seal_settings_info:
    product: vault
    version: 1.19.0+ent
    config:
      - "{{ config_folder }}/vault.hcl"
    environment_files:
      - "{{ config_folder }}/vault.env"
    environment:
      AWS_REGION: eu-central-1

- name: Say what would be in force if another file were put in the place of the server's
  sealwright.vault_seal.awskms_seal_settings_info:
    unit: openbao
    unit_directories:
      - "{{ units }}"
    candidates:
      - path: "{{ config_folder }}/vault.hcl"
        src: "{{ config_folder }}/vault.hcl.new"
"""

RETURN = r"""
valid:
  description: Whether there is no problem of level V(error).
  returned: success
  type: bool
  sample: true
problems:
  description: What is wrong, or will surprise; errors first.
  returned: success
  type: list
  elements: dict
  sample: [{"level": "error", "reason": "no_key", "setting": "kms_key_id", "msg": "No KMS key is named.", "remedy": "Set kms_key_id."}]
  contains:
    level:
      description: V(error) where the server will not start, or not do what is said; V(warning) where it only surprises.
      type: str
      returned: always
      sample: error
    reason:
      description: The problem in one word.
      type: str
      returned: always
      sample: overridden_setting
    setting:
      description: The setting concerned.
      type: str
      returned: always
      sample: region
    msg:
      description: The problem in words.
      type: str
      returned: always
      sample: "The region of the stanza (/etc/vault.d/vault.hcl, line 9) is not used: /etc/vault.d/vault.env, line 2 wins."
    remedy:
      description: What to do about it.
      type: str
      returned: always
      sample: Remove the variable, or the setting.
settings:
  description:
    - The settings of the enabled awskms seal, by name. Each has the C(value) in force, its C(source), and whether it is C(set).
    - The value is V(null) where it is secret, and where the server will find it elsewhere than in settings; the source says where.
    - Empty where no awskms seal is enabled.
  returned: success
  type: dict
  sample:
    kms_key_id: {"value": "alias/vault-seal", "source": "stanza (/etc/vault.d/vault.hcl, line 9)", "set": true}
    secret_key: {"value": null, "source": "/etc/vault.d/vault.env, line 3", "set": true}
seal_type:
  description: The type of the enabled seal, as C(value) and C(source); both V(null) where the server has no configuration, and so does not start.
  returned: success
  type: dict
  sample: {"value": "awskms", "source": "/etc/vault.d/vault.hcl, line 9"}
variables:
  description:
    - Variables of the service's environment that name the type of the seal or its key. The server takes them before what its configuration says, and so they
      would be in the way of a change of the seal.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "VAULT_SEAL_TYPE", "source": "/etc/vault.d/vault.env, line 2"}]
seals:
  description: All seals that the server will make, each with C(type), C(enabled), C(source) and C(settings).
  returned: success
  type: list
  elements: dict
  sample: [{"type": "awskms", "enabled": true, "source": "/etc/vault.d/vault.hcl, line 9", "settings": {}}]
product:
  description: The product.
  returned: success
  type: str
  sample: openbao
version:
  description: The version that was asked about or assumed.
  returned: success
  type: str
  sample: 2.6.2
config:
  description:
    - What O(unit) gives the server by its option C(-config), or without a unit what O(config) says. Files that are not among these, or in a folder of these,
      the server does not read.
  returned: success
  type: list
  elements: str
  sample: ["/etc/openbao/openbao.hcl"]
secrets:
  description:
    - What stands in the configuration files and is a secret by its name, such as C(secret_key), C(token) or C(connection_url), in any block. Its value is never
      shown. A line of 0 is one that is not known, as in JSON.
  returned: success
  type: list
  elements: dict
  sample: [{"file": "/etc/vault.d/vault.hcl", "line": 12, "name": "storage.consul.token"}]
config_files:
  description: The configuration files that were read.
  returned: success
  type: list
  elements: str
  sample: ["/etc/openbao/openbao.hcl"]
files:
  description: All files that were read, those of the configuration first.
  returned: success
  type: list
  elements: str
  sample: ["/etc/openbao/openbao.hcl"]
user:
  description: The user as whom the unit runs the server; V(null) where that is not known.
  returned: success
  type: str
  sample: openbao
"""

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backends.awskms_seal_settings_info import run
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.base import run_module
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import SERVER_SETTINGS_SPEC


def main() -> None:
    run_module(run, argument_spec=SERVER_SETTINGS_SPEC, connects=False)


if __name__ == "__main__":
    main()
