# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules write a file in a folder whose owner replaces everything in it with links, at every step: no other file is changed or shown."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.module_run import finished, start_module
from support.slack import scaled
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

VICTIM = "root's own"
# The attacker's turn is before every step of the module that an audit hook is told of; the folder's owner could do the same from another process.
HOOK = """
import os, sys
folder, victim = os.environ["FOLDER"], os.environ["VICTIM"]
if os.environ.get("NAMED"):
    del os.O_TMPFILE
at_work = []
def see(event, arguments):
    if at_work or event not in ("os.chown", "os.chmod", "os.link", "os.rename", "os.setxattr", "os.listxattr", "fcntl.flock", "os.truncate"):
        return
    at_work.append(1)
    try:
        for number, name in enumerate(os.listdir(folder)):
            path = f"{folder}/{name}"
            if not os.path.islink(path) and not name.startswith("kept"):
                os.replace(path, f"{folder}/kept{number}")
                os.symlink(victim, path)
    finally:
        at_work.clear()
sys.addaudithook(see)
"""


@pytest.mark.parametrize("named", ["", "1"], ids=["unnamed", "named"])
@pytest.mark.parametrize("there", [True, False], ids=["replaced", "new"])
@pytest.mark.parametrize("module", ["awskms_seal_unwrap", "awskms_seal_wrap", "awskms_seal_rewrap"])
def test_a_folder_whose_owner_swaps_what_is_in_it(kms: StrictKms, tmp_path: Path, module: str, there: bool, named: str) -> None:
    key = kms.new_key()
    blob = as_text(VaultValues(kms.client(), key).envelope(b"secret"))
    folder, hooks, victim = tmp_path / "theirs", tmp_path / "hooks", tmp_path / "victim"
    folder.mkdir()
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(HOOK)
    victim.write_text(VICTIM)
    victim.chmod(0o600)
    dest = folder / "dest"
    if there or module == "awskms_seal_rewrap":
        dest.write_text(blob)
        dest.chmod(0o666)
    wanted = {"dest": str(dest), "mode": "0666", **({"owner": "12345", "group": "12345"} if os.geteuid() == 0 else {})}
    options: dict[str, dict[str, Any]] = {
        "awskms_seal_unwrap": {"blob": blob, **wanted},
        "awskms_seal_wrap": {"plaintext": "another", "kms_key_id": key, **wanted},
        "awskms_seal_rewrap": {"src": [str(dest)], "kms_key_id": kms.new_key()},
    }
    if os.geteuid() == 0 and dest.exists():
        os.chown(dest, 12345, 12345)
    before = victim.stat()
    environment = {**kms.environment(), "FOLDER": str(folder), "VICTIM": str(victim), "NAMED": named}
    output = start_module(module, options[module], hooks, environment, [str(hooks)]).communicate(timeout=scaled(180))[0].decode()
    after = victim.stat()
    assert (after.st_mode, after.st_uid, after.st_gid, after.st_nlink, after.st_mtime_ns) == (
        before.st_mode, before.st_uid, before.st_gid, before.st_nlink, before.st_mtime_ns
    ), output
    assert victim.read_text() == VICTIM
    assert VICTIM not in output
    assert "Traceback" not in output
    assert any(path.is_symlink() or path.name.startswith("kept") for path in folder.iterdir()) or not there, "the attacker had no turn"


def test_a_link_in_the_path(kms: StrictKms, tmp_path: Path) -> None:
    """One's own is followed; another user's only to what is that user's."""
    blob = as_text(VaultValues(kms.client(), kms.new_key()).envelope(b"secret"))
    (tmp_path / "etc").mkdir()
    (tmp_path / "link").symlink_to("etc")
    options = {"blob": blob, "dest": str(tmp_path / "link" / "file")}
    finished(start_module("awskms_seal_unwrap", options, tmp_path, kms.environment()))
    assert (tmp_path / "etc" / "file").read_bytes() == b"secret"
    if os.geteuid() == 0:
        os.chown(tmp_path / "link", 12345, 12345, follow_symlinks=False)
        process = start_module("awskms_seal_unwrap", {**options, "dest": str(tmp_path / "link" / "other")}, tmp_path, kms.environment())
        result = json.loads(process.communicate(timeout=scaled(180))[0])
        assert (result["failed"], result["reason"]) == (True, "file_error")
        assert "The symbolic link link in its path is owned by user 12345" in result["msg"]
        assert os.listdir(tmp_path / "etc") == ["file"]
