# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_init, killed at each step and run twice at once, with the real server: the server responds only once, so the response must not be lost."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pysequoia
import pytest

from support.kill_steps import KillSteps
from support.module_run import finished, start_module
from support.odd_initialisation import OddInitialisation
from support.openbao import OpenBao
from support.recovery import Holder
from support.slack import scaled
from support.strict_kms import StrictKms

_SECONDS = scaled(120)


class _Fresh(OpenBao):
    """A real server that keeps everything in memory: each start is a new, uninitialised one."""

    def start(self) -> None:
        text = self.config.read_text(encoding="utf-8")
        self.config.write_text(re.sub(r'storage "raft" \{.*?\n\}', 'storage "inmem" {}', text, flags=re.DOTALL), encoding="utf-8")
        super().start()


class _Init:
    """vault_init against a new server, with its files in a separate folder."""

    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.seal, self.key = kms.new_key(), kms.new_key()
        self.home, self.files = folder / "home", folder / "files"
        self.home.mkdir()
        self.files.mkdir()
        self.environment = kms.environment()
        self.server = _Fresh(folder / "bao", self.environment, {"kms_key_id": self.seal, "region": "us-east-1"})
        self.holders = [Holder(name) for name in ("ada", "bob")]
        self.record, self.token = self.files / "shares.json", self.files / "token.sealed"

    @property
    def options(self) -> dict[str, Any]:
        return {
            "server_address": self.server.url, "recovery_pgp_keys": [holder.public for holder in self.holders], "recovery_threshold": 2,
            "dest": str(self.record), "root_token_dest": str(self.token), "kms_key_id": self.key, "check_opens": False,
        }  # fmt: skip

    def answer(self) -> bytes:
        """Possible responses of a server."""
        shares = [bytes(pysequoia.encrypt(recipients=[holder.certificate], bytes=b"a share", armor=False)) for holder in self.holders]
        return json.dumps({"recovery_keys_base64": [base64.b64encode(each).decode() for each in shares], "root_token": "s.SomeRootToken0123"}).encode()

    def is_initialised(self) -> bool:
        status = self.server.seal_status()
        assert status
        return bool(status["initialized"])

    def begin(self) -> None:
        for path in self.files.iterdir():
            path.unlink()
        if self.is_initialised():
            self.server.restart()

    def cluster(self) -> str:
        self.server.wait_until_active()
        status = self.server.seal_status()
        assert status
        return str(status["cluster_id"])

    def check_stored(self, named: bool = True) -> None:
        """The holders have their shares, the sealed token opens, nobody else may read them, and nothing lies beside them."""
        assert json.loads(self.record.read_bytes()).get("cluster_id") == (self.cluster() if named else None)
        assert sorted(self.files.iterdir()) == [self.record, self.token]
        shares = [holder.share(json.loads(self.record.read_bytes())) for holder in self.holders]
        assert len(set(shares)) == 2
        opened = finished(start_module("awskms_seal_unwrap", {"src": str(self.token), "reveal": True}, self.home, self.environment))
        self.server.wait_until_active()
        self.server.token = opened["plaintext"]
        assert self.server.call("GET", "auth/token/lookup-self").json()["data"]["policies"] == ["root"]
        self.server.token = ""
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in self.files.iterdir())


@pytest.fixture
def init(kms: StrictKms, tmp_path: Path) -> Iterator[_Init]:
    made = _Init(kms, tmp_path)
    with made.server:
        yield made


@pytest.mark.fault(
    operation="vault_init",
    fault="killed (SIGKILL) before each call that writes, renames, locks or changes a file",
    outcome="Before the server is initialised: the next run succeeds. Afterwards: the encrypted shares and the sealed root token are in their files. "
    "If killed between the server's response and their writing, the next run warns that they are lost and what to do. If killed before the cluster ID was "
    "added to the shares, the next run warns and names the ID to add.",
)
def test_vault_init_killed_at_each_step(init: _Init) -> None:
    before, lost, nameless, stored = [], [], [], []
    # Starting a real server takes seconds, so that most of the runs that finish have one that only answers.
    other = init.home / "other"
    other.mkdir()
    answers = OddInitialisation(init.answer())
    options = {**init.options, "server_address": answers.url}
    with (
        answers, KillSteps("vault_init", options, other, init.environment) as quick,
        KillSteps("vault_init", init.options, init.home, init.environment) as process,
    ):
        for ended in process.each():
            if not ended.killed:
                break
            for path in init.files.iterdir():
                assert path.lstat().st_mode & 0o077 == 0, (path, ended.step)
            initialised = init.is_initialised()
            real = initialised or len(before) % 8 == 0
            answers.initialized = False
            result = (process if real else quick).run().result()
            assert result.get("failed") is not True, (ended.step, result)
            message = json.dumps(result["warnings"]) if result.get("warnings") else ""  # newer ansible-core has more than their text
            if not initialised:
                before.append(ended.step)
                assert (result["changed"], result["recorded"], message) == (True, True, ""), ended.step
                assert sorted(init.files.iterdir()) == [init.record, init.token], ended.step
                if real:
                    init.check_stored()
            elif "does not name the cluster" in message and "generate-root" not in message:
                nameless.append(ended.step)
                assert (result["changed"], result["recorded"], result["cluster_id"]) == (False, True, None), ended.step
                assert init.cluster() in message, ended.step
                init.check_stored(named=False)
            elif message:
                lost.append(ended.step)
                if result["recorded"]:
                    assert "Generate a new one (generate-root)" in message, ended.step
                    assert len(json.loads(init.record.read_bytes())["recovery_shares"]) == 2
                else:
                    assert "remove the data of its storage" in message, ended.step
            else:
                stored.append(ended.step)
                assert (result["changed"], result["recorded"]) == (False, True), ended.step
                init.check_stored()
            init.begin()
    init.check_stored()
    assert len(before) >= 9  # three files, each with its content, mode and disk
    assert stored
    assert nameless
    # Nothing but the answer's two writes, each by one call, is between the answer and what is stored.
    assert [step for step in lost if step.startswith("pwrite")] == ["pwrite in reserved_file.py"] * 2, lost


@pytest.mark.fault(
    operation="vault_init",
    fault="two runs at once",
    outcome="One initialises the server and stores the response. The other one finds the server initialised and recorded, or ends with `file_error` and "
    "reports that another run of vault_init uses the file.",
)
def test_two_runs_of_vault_init_at_once(init: _Init) -> None:
    for _turn in range(3):
        init.begin()
        processes = []
        for number in range(2):
            home = init.home / str(number)
            home.mkdir(exist_ok=True)
            processes.append(start_module("vault_init", init.options, home, init.environment))
        results = [json.loads(process.communicate(timeout=_SECONDS)[0]) for process in processes]
        assert [result["changed"] for result in results if not result.get("failed")].count(True) == 1, results
        for result in results:
            if result.get("failed"):
                assert (result["reason"], "another run of vault_init" in result["msg"]) == ("file_error", True), results
            else:
                assert result["recorded"] is True, results
            assert not result.get("warnings"), results
        init.check_stored()


@pytest.mark.fault(
    operation="vault_init",
    fault="two runs at once, with other files",
    outcome="One initialises the server and stores the response. The other one ends with `already_initialized`, or finds the server initialised and not "
    "recorded in its files. It leaves no file, and never advises removing the data of the server.",
)
def test_two_runs_of_vault_init_with_other_files(init: _Init) -> None:
    other = init.files.parent / "other"
    other.mkdir()
    options = {**init.options, "dest": str(other / "shares.json"), "root_token_dest": str(other / "token.sealed")}
    init.begin()
    processes = []
    for number, given in enumerate([init.options, options]):
        home = init.home / str(number)
        home.mkdir()
        processes.append(start_module("vault_init", given, home, init.environment))
    results = [json.loads(process.communicate(timeout=_SECONDS)[0]) for process in processes]
    winner = [result.get("changed") is True and not result.get("failed") for result in results].index(True)
    loser = results[1 - winner]
    assert "remove the data" not in json.dumps(loser)
    assert loser["reason"] == "already_initialized" if loser.get("failed") else (loser["changed"], loser["recorded"]) == (False, False), loser
    folders = [init.files, other]
    assert list(folders[1 - winner].iterdir()) == []
    init.files, init.record, init.token = folders[winner], folders[winner] / "shares.json", folders[winner] / "token.sealed"
    init.check_stored()


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_whose_owner_puts_a_link_in_its_place(init: _Init, empty: bool) -> None:
    """While the server answers: nothing is written, or removed, where the link leads; what the server answered is in the result."""
    elsewhere, moved = init.files.parent / "elsewhere", init.files.parent / "moved"
    elsewhere.mkdir()
    if not empty:
        (elsewhere / "shares.json").write_text("root's own", encoding="utf-8")
    held = {path.name: path.read_bytes() for path in elsewhere.iterdir()}

    def swap() -> None:
        init.files.rename(moved)
        init.files.symlink_to(elsewhere)

    with OddInitialisation(json.dumps({"root_token": "s.SomeRootToken0123456789"}).encode(), before=swap) as server:
        process = start_module("vault_init", {**init.options, "server_address": server.url}, init.home, init.environment)
        result = json.loads(process.communicate(timeout=_SECONDS)[0])
    assert {path.name: path.read_bytes() for path in elsewhere.iterdir()} == held
    assert result["reason"] == "unexpected_answer"
    assert "moved its directory" in result["msg"]
    assert {"sealed_root_token", "sealed_answer"} <= set(result)
