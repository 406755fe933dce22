#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_settings_info
short_description: Return the settings of an awskms seal, their sources and their problems
version_added: 0.1.0
description:
  - Reads the files of a server of HashiCorp Vault or OpenBao on its host (configuration files, environment files, a systemd unit) and returns for each setting
    of the C(awskms) seal the value that the server will use, and its source. It also works for servers that this collection did not configure.
  - Makes no network requests, and does not need KMS or a running server. To check whether the settings work, use
    M(sealwright.vault_seal.awskms_permission_info).
  - Files are read on the host by the collection's own reader of HCL 1, which Vault and OpenBao use, and which parsers of HCL 2 interpret differently. Secrets
    in the files do not leave the host, since no result contains them.
  - The results for OpenBao are tested against the server; those for Vault are based on its documentation.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_server
attributes:
  check_mode:
    description: Can run in check mode and return the same as otherwise.
    support: full
    details: The module makes no changes.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: none
    details: The module makes no changes.
notes:
  - Does not require boto3 or cryptography.
seealso:
  - module: sealwright.vault_seal.awskms_key_info
"""

EXAMPLES = r"""
- name: Get the settings of an installed server
  sealwright.vault_seal.awskms_seal_settings_info:
    unit: openbao
    unit_directories:
      - "{{ units }}"
  register: seal

- name: Stop if the settings have errors
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

- name: Get the settings as they will be once a file is replaced
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
  description: Whether there are no problems of level V(error).
  returned: success
  type: bool
  sample: true
problems:
  description: Errors and warnings; errors first.
  returned: success
  type: list
  elements: dict
  sample: [{"level": "error", "reason": "no_key", "setting": "kms_key_id", "msg": "No KMS key is named.", "remedy": "Set kms_key_id."}]
  contains:
    level:
      description: V(error) if the server will not start or will not use the settings; V(warning) for unexpected effects.
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
      description: The description of the problem.
      type: str
      returned: always
      sample: "The region of the stanza (/etc/vault.d/vault.hcl, line 9) is not used: /etc/vault.d/vault.env, line 2 wins."
    remedy:
      description: How to fix the problem.
      type: str
      returned: always
      sample: Remove the variable, or the setting.
settings:
  description:
    - The settings of the enabled awskms seal, by name. Each has the C(value) in effect, its C(source), and whether it is C(set).
    - The value is V(null) if it is secret, or if the server gets it from another place than its settings, which C(source) names.
    - Empty if no awskms seal is enabled.
  returned: success
  type: dict
  sample:
    kms_key_id: {"value": "alias/vault-seal", "source": "stanza (/etc/vault.d/vault.hcl, line 9)", "set": true}
    secret_key: {"value": null, "source": "/etc/vault.d/vault.env, line 3", "set": true}
seal_type:
  description: The type of the enabled seal, as C(value) and C(source); both V(null) if the server has no configuration, and therefore does not start.
  returned: success
  type: dict
  sample: {"value": "awskms", "source": "/etc/vault.d/vault.hcl, line 9"}
variables:
  description:
    - Variables of the service's environment that name the type of the seal or its key. They take precedence over the configuration, and therefore
      prevent a change of the seal.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "VAULT_SEAL_TYPE", "source": "/etc/vault.d/vault.env, line 2"}]
seals:
  description: All seals that the server will configure, each with C(type), C(enabled), C(source) and C(settings).
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
  description: The specified or assumed version.
  returned: success
  type: str
  sample: 2.6.2
config:
  description:
    - The values of the server's option C(-config) in O(unit), or without a unit the value of O(config). The server reads only these files, and the files in
      these directories.
  returned: success
  type: list
  elements: str
  sample: ["/etc/openbao/openbao.hcl"]
secrets:
  description:
    - Settings in the configuration files that are secret by their name, such as C(secret_key), C(token) or C(connection_url), in any block. Their values are
      never returned. The line is 0 if it is unknown, as in JSON.
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
  description: The user that the unit runs the server as; V(null) if unknown.
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
