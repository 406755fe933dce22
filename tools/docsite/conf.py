# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's configuration for a trial build of the documentation, without the network."""

from __future__ import annotations

import zlib
from pathlib import Path

project = "sealwright.vault_seal"
extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"

# What antsibull-docs refers to in Ansible's own documentation: name, kind, place.
_ANSIBLE = """\
ANSIBLE_DEBUG std:envvar -1 reference_appendices/config.html#envvar-ANSIBLE_DEBUG -
EDITOR std:envvar -1 reference_appendices/config.html#envvar-EDITOR -
action_plugins std:label -1 plugins/action.html#action-plugins Action plugins
ansible_collections.ansible.builtin.host_group_vars_vars std:label -1 collections/ansible/builtin/host_group_vars_vars.html host_group_vars
ansible_collections.ansible.builtin.include_vars_module std:label -1 collections/ansible/builtin/include_vars_module.html include_vars
ansible_configuration_settings std:label -1 reference_appendices/config.html#ansible-configuration-settings Settings
check_mode_dry std:label -1 playbook_guide/playbooks_checkmode.html#check-mode-dry Check mode
common_return_values std:label -1 reference_appendices/common_return_values.html#common-return-values Return Values
"""

_HEAD = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n# The remainder of this file is compressed using zlib.\n"

_inventory = Path(__file__).resolve().parents[2] / ".venv" / "docsite" / "ansible.inv"
_inventory.write_bytes(_HEAD.encode() + zlib.compress(_ANSIBLE.encode()))

intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/devel/", str(_inventory))}
