#!/usr/bin/python
# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awskms_seal_edit
short_description: Edit a sealed file on the controller
version_added: 0.1.0
description:
  - Opens a sealed file on the controller in an editor, and seals it again if it changed. A file that does not exist is created.
  - The plaintext is in a folder in memory (C(tmpfs)) while it is edited, and nowhere else. The folder is removed when the editor ends, and also when the
    editor, the task or all of Ansible is killed.
  - The editor opens only after KMS has wrapped the new data key and the file's folder has taken a file of its size. If sealing fails all the same, you are
    asked whether to edit again. Without a terminal, or if you decline, the edited text stays in that folder (mode V(0600)) and the error says where. With
    O(on_disk) it is kept sealed.
  - The editor gets the terminal that is the input of Ansible. Where there is none, it runs without, which suits commands such as C(sed -i).
  - The playbook C(sealwright.vault_seal.edit) runs this for one file.
  - Needs the permissions C(kms:Decrypt) and C(kms:Encrypt), and C(kms:DescribeKey) where O(allowed_key_ids) names an alias.
author:
  - The sealwright.vault_seal authors (@sealwright)
extends_documentation_fragment:
  - sealwright.vault_seal.awskms_connection
  - sealwright.vault_seal.awskms_connection.modules
  - sealwright.vault_seal.awskms_connection.controller
  - sealwright.vault_seal.awskms_trusted_keys
  - sealwright.vault_seal.awskms_aad
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: full
  async:
    support: none
  become:
    support: none
  bypass_host_loop:
    support: full
  check_mode:
    support: full
    details: In check mode the file is opened, and no editor is started.
  connection:
    support: none
  delegation:
    support: none
  diff_mode:
    support: none
options:
  file:
    description:
      - The sealed file on the controller. A relative path begins at the folder where Ansible was started.
      - It is replaced whole or not at all, in the format that it had, with its owner, group, mode, ACLs and extended attributes. A file whose owner could
        not be kept is not opened. A new one is base64 with mode V(0600).
      - What ends with C(.yml.sealed), C(.yaml.sealed) or C(.json.sealed) is only sealed where it is a document of variables. If it is none, and there is a
        terminal, you are asked whether to go on editing.
    type: path
    required: true
  kms_key_id:
    description:
      - The KMS key to seal with, as key ID, key ARN, alias or alias ARN.
      - If not set, an existing file stays under its key. For a new one the first of the environment variables E(ANSIBLE_AWSKMS_KMS_KEY_ID),
        E(VAULT_AWSKMS_SEAL_KEY_ID) and E(AWSKMS_WRAPPER_KEY_ID) is used, then C(kms_key_id) in section C([awskms]) of C(ansible.cfg).
    type: str
    aliases:
      - key_id
  editor:
    description:
      - The command to edit with; the name of the plain file is added to it. It has to wait until the user is done, as C(code --wait) does.
      - If not set, the first of the environment variables E(VISUAL) and E(EDITOR) is used, else C(vi).
      - Vim and Neovim are told to keep no swap, undo, backup and history files. What other editors write elsewhere is theirs.
    type: str
  directory:
    description:
      - The folder in memory to edit in. If not set, E(XDG_RUNTIME_DIR), C(/run/user) and C(/dev/shm) are looked at.
      - Where no such folder is found, nothing is opened.
    type: path
  on_disk:
    description:
      - Take O(directory) also where it is on a disk, or on a system that does not say. The plaintext can then be found on the disk after it was removed.
    type: bool
    default: false
  max_size:
    description: The most bytes that the sealed file may have, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 67108864
seealso:
  - plugin: sealwright.vault_seal.awskms_seal
    plugin_type: vars
  - module: sealwright.vault_seal.awskms_seal_wrap
notes:
  - A C(tmpfs) can be swapped out. Where that matters, encrypt the swap space, or turn it off.
"""

EXAMPLES = r"""
- name: Edit a sealed file, as the playbook sealwright.vault_seal.edit does
  sealwright.vault_seal.awskms_seal_edit:
    file: "{{ secrets_folder }}/production.yml.sealed"
    editor: "{{ my_editor }}"

- name: Make a new one where it is not there yet
  sealwright.vault_seal.awskms_seal_edit:
    file: "{{ secrets_folder }}/staging.yml.sealed"
    kms_key_id: alias/vault-unseal
    editor: "{{ my_editor }}"
    directory: /dev/shm
    on_disk: false
"""

RETURN = r"""
file:
  description: The sealed file.
  returned: success
  type: str
  sample: /srv/site/group_vars/all/secrets.yml.sealed
created:
  description: Whether it was not there before.
  returned: success, not in check mode
  type: bool
  sample: false
key_id:
  description: The ARN of the key that it is sealed under.
  returned: success, where there is a file, not in check mode
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
kept:
  description: The file with the edited text, which could not be sealed.
  returned: failure after the text was edited
  type: str
  sample: /run/user/1000/sealwright-k3v9x2ab/secrets.yml
"""
