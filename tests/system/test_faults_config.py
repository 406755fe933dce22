# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration files of a server when the run that writes them is killed, or two runs write at once: each is old or new, and the restart stays pending."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from support.kill_steps import Ended, KillSteps
from support.module_run import finished, start_module
from support.slack import scaled

_SECONDS = scaled(60)
MARK = "# Managed by Ansible (sealwright.vault_seal.vault_config).\n"


def _texts(key: str) -> dict[str, str]:
    return {
        "config_text": f'seal "awskms" {{\n  kms_key_id = "alias/{key}"\n}}\n',
        "environment_text": f"{MARK}VAULT_AWSKMS_SEAL_KEY_ID=alias/{key}\n",
    }


OLD = _texts("old")
NEW = {"replaced": _texts("new"), "removed": {"config_text": "", "environment_text": ""}}


class _Config:
    """The files of one server in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.home, self.etc = folder / "home", folder / "etc"
        for path in (self.home, self.etc):
            path.mkdir()
        self.marker = {"path": str(self.etc / "openbao.hcl"), "unit": f"faults-{secrets.token_hex(4)}", "systemd_directory": str(folder / "units")}
        self.options = {
            **self.marker, "directory": str(self.etc), "environment_file": str(self.etc / "seal.env"), "product": "openbao", "owner": "root", "group": "root",
        }
        self.folders = [self.etc, folder / "units" / f"{self.marker['unit']}.service.d"]
        self.old: dict[Path, bytes] = {}
        self._asking, self._noting = self._restart(False), self._restart(True)

    def __enter__(self) -> _Config:
        self._asking.__enter__()
        self._noting.__enter__()
        self.run(OLD)
        self.old = self.files()
        return self

    def __exit__(self, *_error: object) -> None:
        self._noting.run()
        self._asking.__exit__()
        self._noting.__exit__()

    def _restart(self, done: bool) -> KillSteps:
        home = self.home / f"restart-{done}"
        home.mkdir()
        return KillSteps("vault_config_restart", {**self.marker, "done": done}, home, {})

    def run(self, texts: dict[str, str]) -> dict[str, Any]:
        return finished(start_module("vault_config_write", {**self.options, **texts}, self.home, {}))

    def pending(self) -> bool:
        return bool(self._asking.run().result()["pending"])

    def restarts(self) -> Iterator[Ended]:
        """Record the restart of the server, killed at each step."""
        yield from self._noting.each()

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for folder in self.folders if folder.exists() for path in folder.iterdir()}

    def begin(self) -> None:
        for path in self.files():
            path.unlink()
        for path, content in self.old.items():
            path.write_bytes(content)
            path.chmod(0o644 if path.suffix == ".conf" else 0o640 if path.suffix == ".hcl" else 0o600)
        self._noting.run()

    def check(self, wanted: dict[Path, bytes], old_too: bool) -> None:
        """Each file is complete, and replaced files are in a backup."""
        files = self.files()
        for path, content in self.old.items():
            now = files.get(path)
            assert now == wanted.get(path) or (old_too and now == content), path
            if now != content and path.suffix != ".conf":
                kept = [files[other] for other in files if other.name.startswith(path.name) and other.name.endswith("~")]
                assert content in kept, path
                assert set(kept) == {content}, path
        for path in files:
            assert path.suffix == ".conf" or path.stat().st_mode & 0o007 == 0, path


@pytest.fixture
def config(tmp_path: Path) -> Iterator[_Config]:
    if os.geteuid() != 0:
        pytest.skip("gives files to their owner, which takes root")
    with _Config(tmp_path) as made:
        yield made


@pytest.mark.fault(
    operation="vault_config (vault_config_write, vault_config_restart)",
    fault="killed (SIGKILL) before each call that writes, renames, locks or changes a file",
    outcome="Each file has its complete old or new contents and is private, and replaced files are in a backup. The next run succeeds and "
    "leaves nothing behind. A restart is pending from the first replaced file until the server was restarted.",
)
@pytest.mark.parametrize("change", list(NEW))
def test_a_configuration_killed_at_each_step(config: _Config, change: str) -> None:
    config.run(NEW[change])
    wanted = {path: content for path, content in config.files().items() if path in config.old}
    config.begin()
    steps = []
    with KillSteps("vault_config_write", {**config.options, **NEW[change]}, config.home, {}) as process:
        for ended in process.each():
            if not ended.killed:
                break
            steps.append(ended.step)
            config.check(wanted, old_too=True)
            replaced = any(config.files().get(path) != content for path, content in config.old.items())
            assert not replaced or config.pending(), ended.step
            result = process.run().result()
            assert result.get("failed") is not True, (ended.step, result)
            config.check(wanted, old_too=False)
            assert config.pending(), ended.step
            assert not [path for path in config.files() if path.suffix == ".part"], ended.step
            config.begin()
    assert len(steps) >= 10
    config.check(wanted, old_too=False)
    for ended in config.restarts():
        assert config.pending() is ended.killed, ended.step
    assert not config.pending()


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A file system in memory, which has no room left or is read-only."""
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=True)
    try:
        for name, content in kept.items():
            (folder / name).write_bytes(content)
        if options == "full":
            (folder / "room").write_bytes(b"x" * 4096 * (15 - len(kept)))
            with suppress(OSError), (folder / "room").open("ab") as stream:
                while True:
                    stream.write(b"x" * 4096)
                    stream.flush()
        else:
            subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)
        yield
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        (folder / "room").unlink(missing_ok=True)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == kept
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.fault(
    operation="vault_config (vault_config_write, vault_config_restart)",
    fault="the disk is full or read-only",
    outcome="`file_error`. Each file keeps its old contents, and nothing is left beside it. The next run succeeds.",
)
@pytest.mark.parametrize("options", ["full", "ro"])
def test_a_configuration_without_room(config: _Config, options: str) -> None:
    with mounted(config.etc, options):
        process = start_module("vault_config_write", {**config.options, **NEW["replaced"]}, config.home, {})
        result = json.loads(process.communicate(timeout=_SECONDS)[0])
        assert (result["failed"], result["reason"]) == (True, "file_error"), result
    config.begin()
    assert config.run(NEW["replaced"])["changed"] is True


@pytest.mark.fault(
    operation="vault_config (vault_config_write, vault_config_restart)",
    fault="two runs at once",
    outcome="The second waits for the first. Both succeed, the files are those of one run, complete, and there are no other files except backups.",
)
def test_two_runs_write_at_once(config: _Config) -> None:
    for turn in range(3):
        config.begin()
        texts = [_texts(f"{name}-{turn}") for name in ("one", "two")]
        processes = []
        for number, text in enumerate(texts):
            home = config.home / str(number)
            home.mkdir(exist_ok=True)
            processes.append(start_module("vault_config_write", {**config.options, **text}, home, {}))
        results = [json.loads(process.communicate(timeout=_SECONDS)[0]) for process in processes]
        assert [result.get("failed") for result in results] == [None, None], results
        files = {path: content.decode() for path, content in config.files().items() if not path.name.endswith("~")}
        assert set(files) == set(config.old)
        last = {"config_text": files[Path(config.options["path"])], "environment_text": files[Path(config.options["environment_file"])]}
        assert last in texts
        assert config.pending()
