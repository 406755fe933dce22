# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook that edits a sealed file: with and without a terminal, with editors that fail and that are killed, and Ansible killed."""

from __future__ import annotations

import base64
import os
import pty
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible, Run, ansible_bin
from support.secrets_found import places_with
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text

EDIT = "sealwright.vault_seal.edit"
SECONDS = 120
SECRET, TYPED = "correct-horse-8c2d", "battery-staple-e417"


class Desk:
    """A sealed file, and a folder in memory that editors work in."""

    def __init__(self, kms: StrictKms, folder: Path, memory: Path) -> None:
        self.kms = kms
        self.folder = folder
        self.memory = memory
        self.ansible = Ansible(folder, {**kms.environment(), "XDG_RUNTIME_DIR": str(memory)})
        self.values = VaultValues(kms.client(), kms.new_key())
        self.file = folder / "secrets.yml.sealed"
        self.seal(f"old: {SECRET}\n")

    def seal(self, text: str) -> None:
        self.file.write_text(as_text(self.values.envelope(text.encode())) + "\n", encoding="ascii")
        self.file.chmod(0o640)

    def opened(self) -> str:
        return self.values.opened(self.file.read_text(encoding="ascii")).decode()

    def script(self, text: str) -> str:
        """An editor."""
        path = self.folder / "editor"
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def line(self, editor: str, *arguments: str, file: Path | None = None) -> list[str]:
        return ["ansible-playbook", EDIT, "-e", f"file={file or self.file}", "-e", f"editor={editor!r}", *arguments]

    def edit(self, editor: str, *arguments: str, file: Path | None = None) -> Run:
        self.kms.clear_calls()
        return self.ansible.command(self.line(editor, *arguments, file=file))

    def begin(self, editor: str, terminal: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        line = self.line(editor)
        return subprocess.Popen(
            [str(ansible_bin() / line[0]), *line[1:]], env=self.ansible.environment(), cwd=self.folder,
            stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )

    def left(self) -> list[Path]:
        return list(self.memory.iterdir())

    def kept(self, answer: dict[str, Any], text: str) -> None:
        """Assert that the edited text is kept where the result says, for its owner alone; and remove it."""
        path = Path(answer["kept"])
        assert f"The edited text is kept in {path} (in memory, readable only by your user)." in answer["msg"]
        assert path.read_text(encoding="utf-8") == text
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert [path.parent] == self.left()
        assert [path] == list(path.parent.iterdir())
        shutil.rmtree(path.parent)


@pytest.fixture
def desk(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    memory = Path("/dev/shm") / f"sealwright-test-{os.getpid()}-{time.monotonic_ns()}"
    memory.mkdir(mode=0o700)
    try:
        yield Desk(kms, tmp_path_factory.mktemp("e"), memory)
    finally:
        for path in memory.rglob("*"):
            path.chmod(0o700)
        subprocess.run(["rm", "-rf", str(memory)], check=True)


def result(run: Run) -> dict[str, Any]:
    actual: dict[str, Any] = run.results[-1]["result"]
    return actual


def wait_until(what: Callable[[], Any]) -> Any:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        actual = what()
        if actual:
            return actual
        time.sleep(0.05)
    raise AssertionError("it does not come to that")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.matrix
def test_an_editor_that_cannot_be_run_is_reported(desk: Desk) -> None:
    """The file exists and is executable, but is not a program."""
    editor = desk.folder / "editor"
    editor.write_text("touch no-program\n", encoding="utf-8")
    editor.chmod(0o755)
    answer = result(desk.edit(str(editor)))
    assert f"The editor {editor} failed: Exec format error. The file {desk.file} was not changed." in answer["msg"]
    assert desk.left() == []


def test_what_changed_is_sealed_again(desk: Desk) -> None:
    """With real commands and no terminal: `sed -i` replaces the file, as editors do."""
    run = desk.edit("sed -i s/^old/new/", "-vvvv").succeeded()
    assert result(run)["changed"] is True
    assert desk.opened() == f"new: {SECRET}\n"
    assert desk.file.stat().st_mode & 0o777 == 0o640
    assert len(desk.kms.calls("Encrypt")) == 1
    before = desk.file.read_bytes()
    again = desk.edit("sed -i s/^old/new/").succeeded()
    assert (result(again)["changed"], result(again)["key_id"]) == (False, desk.values.key_arn)
    assert desk.file.read_bytes() == before
    assert len(desk.kms.calls("Encrypt")) == 1  # before the editor opens, which is when nobody knows whether anything will change
    assert desk.left() == []
    assert places_with([SECRET], {"output": (run.output + again.output).encode()}, desk.folder) == []


def test_a_new_file_and_another_key(desk: Desk) -> None:
    new = desk.folder / "new.yml.sealed"
    refused = desk.edit("true", file=new)
    assert "No KMS key is set." in result(refused)["msg"]
    editor = desk.script('[ "$(cat "$1")" = "---" ] && echo "made: here" > "$1"')
    made = result(desk.edit(editor, "-e", f"kms_key_id={desk.values.key_arn}", file=new).succeeded())
    assert (made["changed"], made["created"], made["key_id"]) == (True, True, desk.values.key_arn)
    assert desk.values.opened(new.read_text(encoding="ascii")) == b"made: here\n"
    assert new.stat().st_mode & 0o777 == 0o600
    other = VaultValues(desk.kms.client(), desk.kms.new_key())
    raw = base64.b64decode(desk.file.read_text(encoding="ascii"))
    desk.file.write_bytes(raw)  # as it is, which is kept
    assert result(desk.edit("sed -i s/old/moved/", "-e", f"kms_key_id={other.key_arn}").succeeded())["key_id"] == other.key_arn
    assert other.opened(base64.b64encode(desk.file.read_bytes()).decode()).startswith(b"moved: ")


@pytest.mark.fault(
    operation="awskms_seal_edit",
    fault="two runs at once",
    outcome="The one that ends later fails. The file has the contents of the other run, and the edited text is kept.",
)
def test_a_refused_edit_does_not_change_the_file(desk: Desk) -> None:
    before = desk.file.read_bytes()
    refused = {
        "false": "The editor false exited with code 1.",
        "no-such-editor --wait": "The editor 'no-such-editor --wait' (from option editor) was not found.",
        "rm": "The editor removed its file.",
    }
    for editor, text in refused.items():
        run = desk.edit(editor)
        assert text in result(run)["msg"]
        assert TYPED not in run.output
        assert desk.file.read_bytes() == before
        assert desk.left() == []
    malformed = desk.edit(desk.script(f'echo "{TYPED}: [" > "$1"'))
    assert "was decrypted, but it is not a YAML or JSON document" in result(malformed)["msg"]
    assert TYPED not in malformed.output
    assert desk.file.read_bytes() == before
    desk.kept(result(malformed), f"{TYPED}: [\n")
    on_disk = desk.ansible.ad_hoc("sealwright.vault_seal.awskms_seal_edit", f"file={desk.file} editor=true directory={desk.folder}")
    assert f"{desk.folder} is not a writable directory in memory." in on_disk.output
    assert "In check mode no editor is started." in str(result(desk.edit("false", "--check").succeeded()))
    raced = desk.edit(desk.script(f'echo "x: 1" >> "$1"; echo changed > {desk.file}'))
    assert "was changed by another process in the meantime" in result(raced)["msg"]
    assert desk.file.read_text(encoding="ascii") == "changed\n"
    desk.kept(result(raced), f"old: {SECRET}\nx: 1\n")


@pytest.mark.fault(
    operation="awskms_seal_edit",
    fault="KMS refuses the key, or does not find it",
    outcome="Detected before the editor opens. The file keeps its old contents.",
)
def test_an_unusable_key_is_detected_before_the_editor_opens(desk: Desk) -> None:
    """Encrypt refused, a mistyped alias, and none at all; each names where the key came from."""
    new, began = desk.folder / "new.yml.sealed", desk.folder / "began"
    editor = desk.script(f"touch {began}")
    disabled = desk.kms.new_key()
    desk.kms.client().disable_key(KeyId=disabled)
    cases = {
        "alias/mistyped": "Sealing under the key alias/mistyped (from option kms_key_id)",
        disabled: f"Sealing under the key {disabled} (from option kms_key_id)",
    }
    for key, text in cases.items():
        for file in (new, desk.file):
            assert text in result(desk.edit(editor, "-e", f"kms_key_id={key}", file=file))["msg"]
            assert text in result(desk.edit(editor, "--check", "-e", f"kms_key_id={key}", file=file))["msg"]
    named = Ansible.like(desk.ansible, {**desk.kms.environment(), "XDG_RUNTIME_DIR": str(desk.memory), "AWSKMS_WRAPPER_KEY_ID": "alias/typo"})
    assert "key alias/typo (from environment variable AWSKMS_WRAPPER_KEY_ID)" in result(named.command(desk.line(editor, file=new)))["msg"]
    desk.ansible.config.write_text("[defaults]\n[awskms]\nkms_key_id = alias/cfg\n", encoding="utf-8")
    message = result(desk.edit(editor, file=new))["msg"]
    assert f"key alias/cfg (from kms_key_id in section [awskms] of {desk.ansible.config})" in message
    desk.kms.client().disable_key(KeyId=desk.values.key_arn)
    assert result(desk.edit(editor))["failed"]
    assert not began.exists()
    assert not new.exists()


@pytest.mark.fault(
    operation="awskms_seal_edit",
    fault="the file is moved or created by another process, or the editor crashes, while it is edited",
    outcome="The file keeps its old contents, or those written by the other process. The edited text is kept in the folder in memory, and the message names "
    "the file.",
)
def test_a_failure_after_the_editor_keeps_the_text(desk: Desk) -> None:
    """KMS away, the folder gone, the file immutable, an editor that dies: the file is sealed or the text is kept."""
    edits = f'echo "typed: {TYPED}" > "$1"'
    refuse = f"mv {desk.file} {desk.file}.moved"
    run = desk.edit(desk.script(f"{edits}; {refuse}"))
    desk.kept(result(run), f"typed: {TYPED}\n")
    (desk.folder / "secrets.yml.sealed.moved").rename(desk.file)
    before = desk.file.read_bytes()
    died = desk.edit(desk.script(f"{edits}; kill -SEGV $$"))
    desk.kept(result(died), f"typed: {TYPED}\n")
    assert desk.file.read_bytes() == before
    new = desk.folder / "new.yml.sealed"
    taken = desk.edit(desk.script(f"{edits}; echo theirs > {new}"), "-e", f"kms_key_id={desk.values.key_arn}", file=new)
    desk.kept(result(taken), f"typed: {TYPED}\n")
    assert new.read_text(encoding="ascii") == "theirs\n"
    for each in (run, died, taken):
        assert TYPED not in each.output
    desk.kms.clear_calls()
    denied = desk.script(f"{edits}; touch {desk.folder}/edited")
    desk.kms.client().disable_key(KeyId=desk.values.key_arn)
    assert result(desk.edit(denied))["failed"]
    assert not (desk.folder / "edited").exists()


def test_text_that_is_on_a_disk_is_kept_sealed(desk: Desk) -> None:
    on_disk = desk.folder / "on-disk"
    on_disk.mkdir()
    options = f"file={desk.file} directory={on_disk} on_disk=true editor={desk.script(f'echo {TYPED} > $1')}"
    run = desk.ansible.ad_hoc("sealwright.vault_seal.awskms_seal_edit", options)
    kept = Path(result(run)["kept"])
    assert desk.values.opened(kept.read_text(encoding="ascii")).decode() == f"{TYPED}\n"
    assert [path.name for path in on_disk.rglob("*") if path.is_file()] == ["secrets.yml.sealed"]
    assert places_with([TYPED], {"output": run.output.encode()}, on_disk) == []


def test_the_file_keeps_its_attributes(desk: Desk) -> None:
    attribute = "user.sealwright.test"
    try:
        os.setxattr(desk.file, attribute, b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    if os.geteuid() == 0:
        os.chown(desk.file, 4242, 4343)
    before = desk.file.stat()
    link = desk.folder / "link.yml.sealed"
    link.symlink_to(desk.file)
    desk.edit("sed -i s/^old/new/", file=link).succeeded()
    after = desk.file.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert os.getxattr(desk.file, attribute) == b"kept"
    assert link.is_symlink()
    assert desk.opened() == f"new: {SECRET}\n"


@pytest.mark.matrix
def test_the_editor_has_the_terminal(desk: Desk) -> None:
    """As a session of its own, whose terminal that is: it reads /dev/tty, and is asked again where the document is none."""
    editor = desk.script('stty size > /dev/tty; printf "type: " > /dev/tty; read -r line < /dev/tty; echo "$line" > "$1"')
    outer, inner = pty.openpty()
    typed = iter(["typed: [\n", "y\n", f"typed: {TYPED}\n"])
    play = desk.begin(editor, inner)
    shown = b""
    end = time.monotonic() + SECONDS
    while play.poll() is None and time.monotonic() < end:
        if select.select([outer], [], [], 0.1)[0]:
            shown += os.read(outer, 4096)
            if shown.endswith((b"type: ", b"[Y/n] ")):
                os.write(outer, next(typed).encode())
                shown += b"\n"
    output = play.communicate(timeout=SECONDS)[0]
    assert play.returncode == 0, output
    assert b"is not a dictionary of variables" not in shown
    assert shown.count(b"type: ") == 2
    assert b"Edit it again? [Y/n] " in shown
    assert desk.opened() == f"typed: {TYPED}\n"
    assert desk.left() == []
    for handle in (outer, inner):
        os.close(handle)


@pytest.mark.fault(
    operation="awskms_seal_edit",
    fault="the editor or Ansible is killed",
    outcome="The file keeps its old contents. No plaintext is left.",
)
@pytest.mark.matrix
@pytest.mark.parametrize("killed", ["editor", "main process", "all of Ansible"])
def test_a_kill_leaves_no_plaintext(desk: Desk, killed: str) -> None:
    message = desk.folder / "editing"
    play = desk.begin(desk.script(f'echo "$$ $PPID" > {message}.new; mv {message}.new {message}; sleep {SECONDS}'))
    wait_until(message.exists)
    editor, worker = map(int, message.read_text(encoding="ascii").split())
    assert [path.name for path in desk.memory.rglob("*.yml")] == ["secrets.yml"]
    before = desk.file.read_bytes()
    victims = {"editor": [editor], "main process": [play.pid], "all of Ansible": [play.pid, worker]}[killed]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    output = play.communicate(timeout=SECONDS)[0]
    assert play.returncode != 0
    assert SECRET.encode() not in output
    wait_until(lambda: not desk.left())
    wait_until(lambda: not is_running(editor) and not is_running(worker))
    assert desk.file.read_bytes() == before
