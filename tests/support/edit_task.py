# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task of awskms_seal_edit in this process. The first argument is a file with its options, as a module gets them; the result is printed as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader, init_plugin_loader
from ansible_collections.sealwright.vault_seal.plugins.action.awskms_seal_edit import ActionModule


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["ANSIBLE_MODULE_ARGS"]
    init_plugin_loader()
    task, play = Task(), PlayContext()
    task.args = {name: value for name, value in given.items() if not name.startswith("_ansible")}
    local = connection_loader.get("ansible.builtin.local", play)
    action = ActionModule(task, connection=local, play_context=play, loader=DataLoader(), templar=None, shared_loader_obj=None)
    print(json.dumps(action.run(task_vars={})))


if __name__ == "__main__":
    main()
