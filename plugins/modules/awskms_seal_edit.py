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
  - During editing, the plaintext is stored only in a directory in memory (C(tmpfs)). The directory is removed when the editor exits, and also if the
    editor, the task or the whole Ansible process is killed.
  - Before the editor starts, KMS wraps the new data key, and the space for the file is tested in its directory. If sealing fails nevertheless, you are
    asked whether to edit again. Without a terminal, or if you decline, the edited text is kept in the directory (mode V(0600)), and the error message names
    the path. With O(on_disk), the text is kept sealed.
  - The editor uses the terminal that is the standard input of Ansible. Without a terminal it runs non-interactively, which suits commands such as C(sed -i).
  - The playbook C(sealwright.vault_seal.edit) runs this module for one file.
  - Requires the permissions C(kms:Decrypt) and C(kms:Encrypt), and C(kms:DescribeKey) if O(allowed_key_ids) contains an alias.
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
    details: In check mode the file is decrypted, and no editor is started.
  connection:
    support: none
  delegation:
    support: none
  diff_mode:
    support: none
options:
  file:
    description:
      - The sealed file on the controller. A relative path is relative to the directory where Ansible was started.
      - The file is replaced atomically, and keeps its format, owner, group, mode, ACLs and extended attributes. A file whose owner cannot be kept is not
        opened. A new file is base64-encoded and has the mode V(0600).
      - A file whose name ends with C(.yml.sealed), C(.yaml.sealed) or C(.json.sealed) must contain a dictionary of variables to be sealed. If it does not,
        and there is a terminal, you are asked whether to continue editing.
    type: path
    required: true
  kms_key_id:
    description:
      - The KMS key to seal with, as key ID, key ARN, alias or alias ARN.
      - If not set, an existing file keeps its key. For a new file, the first of the environment variables E(ANSIBLE_AWSKMS_KMS_KEY_ID),
        E(VAULT_AWSKMS_SEAL_KEY_ID) and E(AWSKMS_WRAPPER_KEY_ID) is used, then C(kms_key_id) in section C([awskms]) of C(ansible.cfg).
    type: str
    aliases:
      - key_id
  editor:
    description:
      - The editor command. The path of the decrypted file is appended. The command must wait until the file is closed, as C(code --wait) does.
      - If not set, the first of the environment variables E(VISUAL) and E(EDITOR) is used, otherwise C(vi).
      - Vim and Neovim are started without swap, undo, backup and history files. Other editors may write copies elsewhere.
    type: str
  directory:
    description:
      - The directory in memory to edit in. If not set, E(XDG_RUNTIME_DIR), C(/run/user) and C(/dev/shm) are tried.
      - If no such directory is found, the task fails.
    type: path
  on_disk:
    description:
      - Whether to use O(directory) even if it is on a disk, or if this cannot be determined. The plaintext may then remain on the disk after its removal.
    type: bool
    default: false
  max_size:
    description: The maximum size of the sealed file in bytes, from 32768 (32 KiB) to 1073741824 (1 GiB).
    type: int
    default: 67108864
seealso:
  - plugin: sealwright.vault_seal.awskms_seal
    plugin_type: vars
  - module: sealwright.vault_seal.awskms_seal_wrap
notes:
  - A C(tmpfs) can be swapped out. To prevent this, encrypt the swap space or turn it off.
"""

EXAMPLES = r"""
- name: Edit a sealed file, as the playbook sealwright.vault_seal.edit does
  sealwright.vault_seal.awskms_seal_edit:
    file: "{{ secrets_folder }}/production.yml.sealed"
    editor: "{{ my_editor }}"

- name: Create a new sealed file
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
  description: Whether the file was created.
  returned: success, not in check mode
  type: bool
  sample: false
key_id:
  description: The ARN of the key that the file is sealed under.
  returned: success, if the file exists, not in check mode
  type: str
  sample: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
kept:
  description: The path of the edited text that could not be sealed.
  returned: failure after the text was edited
  type: str
  sample: /run/user/1000/sealwright-k3v9x2ab/secrets.yml
"""
