# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_init: errors are detected before the request is sent, and every response of the server is kept, without secrets in plaintext."""

from __future__ import annotations

import base64
import json
import os
import pwd
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysequoia
import pytest

from support.module_run import finished, start_module
from support.odd_initialisation import OddInitialisation
from support.recovery import Holder
from support.slack import scaled
from support.strict_kms import StrictKms

HOLDERS = [Holder(name) for name in ("ada", "bob", "eve")]
TOKEN, SHARES = "s.RootTokenInClear0123456789", ["first-share-in-clear", "second-share-in-clear", "third-share-in-clear"]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts and changes of owner need root")


def message(holder: Holder, text: str) -> str:
    return base64.b64encode(bytes(pysequoia.encrypt(recipients=[holder.certificate], bytes=text.encode(), armor=False))).decode()


ENCRYPTED = [message(holder, share) for holder, share in zip(HOLDERS, SHARES)]
NORMAL: dict[str, Any] = {"keys": [], "keys_base64": [], "recovery_keys_base64": ENCRYPTED, "root_token": TOKEN}


@pytest.fixture(scope="module")
def key(kms: StrictKms) -> str:
    return kms.new_key()


class Host:
    """A folder with the module's files, and the result of vault_init."""

    def __init__(self, folder: Path, kms: StrictKms, key: str) -> None:
        self.home, self.init = folder / "home", folder / "init"
        self.home.mkdir()
        self.init.mkdir()
        self._environment = kms.environment()
        self._key = key
        self.output = ""

    def options(self, server: OddInitialisation, **more: Any) -> dict[str, Any]:
        given = {
            "server_address": server.url, "server_timeout": 5, "recovery_pgp_keys": [holder.public for holder in HOLDERS], "recovery_threshold": 2,
            "dest": str(self.init / "shares.json"), "root_token_dest": str(self.init / "token.sealed"), "kms_key_id": self._key, **more,
        }
        return {name: value for name, value in given.items() if value is not None}

    def run(self, server: OddInitialisation, **more: Any) -> dict[str, Any]:
        process = start_module("vault_init", self.options(server, **more), self.home, self._environment)
        self.output = process.communicate(timeout=scaled(180))[0].decode()
        assert "Traceback" not in self.output
        assert not [secret for secret in (TOKEN, *SHARES) if secret in self.output]
        assert "Nothing was changed" not in self.output
        result: dict[str, Any] = json.loads(self.output)
        return result

    def unwrap(self, **source: str) -> str:
        opened = finished(start_module("awskms_seal_unwrap", {**source, "reveal": True}, self.home, self._environment))
        return str(opened["plaintext"])

    def files(self) -> list[str]:
        return sorted(path.name for path in self.init.iterdir())

    def in_clear(self) -> list[str]:
        return [name for name in self.files() if any(secret.encode() in (self.init / name).read_bytes() for secret in (TOKEN, *SHARES))]


@pytest.fixture
def host(tmp_path: Path, kms: StrictKms, key: str) -> Host:
    return Host(tmp_path, kms, key)


def test_an_answer_as_expected(host: Host) -> None:
    with OddInitialisation(json.dumps(NORMAL).encode()) as server:
        assert host.run(server)["recorded"] is True
    assert (host.files(), host.in_clear()) == (["shares.json", "token.sealed"], [])
    record = json.loads((host.init / "shares.json").read_bytes())
    assert [holder.share(record) for holder in HOLDERS] == SHARES
    assert record["server_address"] == server.url
    assert host.unwrap(src=str(host.init / "token.sealed")) == TOKEN


ODD: dict[str, tuple[bytes, dict[str, Any]]] = {
    "no shares": (json.dumps({"root_token": TOKEN}).encode(), {}),
    "no token": (json.dumps({**NORMAL, "root_token": None}).encode(), {}),
    "a share too few": (json.dumps({**NORMAL, "recovery_keys_base64": ENCRYPTED[:2]}).encode(), {}),
    "shares in clear": (json.dumps({**NORMAL, "recovery_keys_base64": SHARES}).encode(), {}),
    "shares are no list": (json.dumps({**NORMAL, "recovery_keys_base64": {"a": SHARES}, "errors": 5}).encode(), {}),
    "no JSON": (f"<html>{TOKEN} {SHARES[0]}".encode(), {}),
    "no text": (b"\xff\xfe\x00" + TOKEN.encode(), {}),
    "a list": (json.dumps([NORMAL]).encode(), {}),
    "deep": (b"[" * 100_000 + TOKEN.encode(), {}),
    "cut short": (json.dumps(NORMAL).encode()[:-20], {"length": 5000}),
    "errors in an answer of 200": (json.dumps({"errors": [f"half-way with {TOKEN}"]}).encode(), {}),
    "an error with the token": (json.dumps({"errors": ["half-way"], "root_token": TOKEN}).encode(), {"status": 500}),
    "an error with all of it within": (json.dumps({"errors": ["half-way"], "data": NORMAL}).encode(), {"status": 500}),
    "an error that is no JSON": (f"Internal error at {TOKEN}".encode(), {"status": 502}),
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_answer_is_kept_whole(case: str, host: Host) -> None:
    body, how = ODD[case]
    with OddInitialisation(body, **how) as server:
        result = host.run(server)
        assert (result["failed"], result["reason"], result["initialized"]) == (True, "unexpected_answer", True), result
        assert str(host.init / "shares.json.answer") in result["msg"]
        opened = "" if case == "no text" else host.unwrap(src=str(host.init / "shares.json.answer"))
        assert case == "no text" or opened.endswith(body.decode())
        assert host.in_clear() == []
        assert all((host.init / name).stat().st_mode & 0o777 == 0o600 for name in host.files())
        without = ("a list", "cut short", "an error with all of it within")
        assert (host.init / "token.sealed").exists() is (b'"root_token": "s.' in body and case not in without)


def test_what_is_more_than_expected_is_kept_too(host: Host) -> None:
    in_hex = [base64.b64decode(each).hex() for each in ENCRYPTED]
    with OddInitialisation(json.dumps({**NORMAL, "recovery_keys_base64": None, "recovery_keys": in_hex, "barrier": SHARES}).encode()) as server:
        result = host.run(server)
    assert (result["changed"], len(result["warnings"])) == (True, 1)
    assert [holder.share(json.loads((host.init / "shares.json").read_bytes())) for holder in HOLDERS] == SHARES
    assert "barrier" in host.unwrap(src=str(host.init / "shares.json.answer"))
    assert host.in_clear() == []


def test_a_token_that_is_no_text_is_kept(host: Host) -> None:
    with OddInitialisation(json.dumps({**NORMAL, "root_token": TOKEN + "\ud800"}).encode()) as server:
        assert host.run(server)["recorded"] is True
    opened = finished(start_module("awskms_seal_unwrap", {"src": str(host.init / "token.sealed"), "reveal": True}, host.home, host._environment))
    assert base64.b64decode(opened["plaintext_base64"]) == (TOKEN + "\ud800").encode("utf-8", "surrogatepass")


def test_a_token_for_a_person_that_comes_in_clear(host: Host) -> None:
    """Without a data key it stays on the host, private; with one it is sealed."""
    to_person = {"root_token_dest": None, "root_token_pgp_key": HOLDERS[0].public}
    with OddInitialisation(json.dumps(NORMAL).encode()) as server:
        assert host.run(server, **to_person)["reason"] == "unexpected_answer"
    assert (host.files(), host.in_clear()) == (["shares.json", "shares.json.answer"], [])
    for path in host.init.iterdir():
        path.unlink()
    with OddInitialisation(json.dumps(NORMAL).encode()) as server:
        result = host.run(server, **to_person, kms_key_id=None, mode="0644")
    assert (result["reason"], host.in_clear()) == ("unexpected_answer", ["shares.json.answer"])
    assert (host.init / "shares.json.answer").stat().st_mode & 0o777 == 0o600


def test_the_files_are_ready_before_the_server_is_asked(host: Host) -> None:
    seen: dict[str, os.stat_result] = {}
    with OddInitialisation(json.dumps(NORMAL).encode(), before=lambda: seen.update({name: (host.init / name).stat() for name in host.files()})) as server:
        host.run(server, mode="u=rw,g=r")
    assert sorted(seen) == ["shares.json", "shares.json.answer", "token.sealed"]
    assert all(stat.st_mode & 0o777 == 0o640 and stat.st_blocks * 512 >= 64 * 1024 for stat in seen.values())


def test_files_that_vanish_are_made_anew(host: Host) -> None:
    with OddInitialisation(json.dumps(NORMAL).encode(), before=lambda: [path.unlink() for path in host.init.iterdir()]) as server:
        assert host.run(server)["recorded"] is True
    assert host.files() == ["shares.json", "token.sealed"]


@pytest.mark.fault(
    operation="vault_init",
    fault="the folder is removed, or its files are replaced, while the server responds",
    outcome="`answer_not_stored`. The result contains the encrypted shares and the sealed root token. The files of other processes are not changed.",
)
def test_a_response_that_cannot_be_written_is_returned(host: Host) -> None:
    """The folder was removed, or its files were replaced: the shares are returned encrypted, the token sealed."""

    def replace() -> None:
        for path in list(host.init.iterdir()):
            path.unlink()
            path.write_text("of somebody else", encoding="utf-8")

    for before in (replace, lambda: shutil.rmtree(host.init)):
        with OddInitialisation(json.dumps(NORMAL).encode(), before=before) as server:
            result = host.run(server)
        assert (result["failed"], result["reason"], result["initialized"]) == (True, "answer_not_stored", True)
        assert [holder.share(result["record"]) for holder in HOLDERS] == SHARES
        assert host.unwrap(blob=result["sealed_root_token"]) == TOKEN
        for path in host.init.iterdir() if host.init.exists() else ():
            assert path.read_text(encoding="utf-8") == "of somebody else"
            path.unlink()


def test_an_answer_that_comes_late_is_waited_for(host: Host) -> None:
    with OddInitialisation(json.dumps(NORMAL).encode(), delay=4) as server:
        assert host.run(server, server_timeout=1)["recorded"] is True


@pytest.mark.fault(
    operation="vault_init",
    fault="the connection to the server is lost before its response",
    outcome="`server_unreachable`. The message says whether the server is initialised, and what to do. No file is left.",
)
def test_a_lost_connection_is_reported(host: Host) -> None:
    for initialises in (True, False):
        with OddInitialisation(b"", length=-1, initialises=initialises) as server:
            result = host.run(server)
        assert (result["reason"], result["initialized"], host.files()) == ("server_unreachable", initialises, [])
        assert ("The server is initialised now" in result["msg"]) is initialises


def test_a_refusal_leaves_nothing_behind(host: Host) -> None:
    with OddInitialisation(json.dumps({"errors": ["not today"]}).encode(), 400, initialises=False) as server:
        result = host.run(server)
    assert (result["reason"], result["initialized"], host.files()) == ("server_refused", False, [])
    with OddInitialisation(json.dumps({"errors": ["half-way"]}).encode(), 400) as server:
        assert (host.run(server)["reason"], host.files()) == ("half_initialised", [])


def test_a_faster_run_is_reported(host: Host) -> None:
    with OddInitialisation(b'{"errors":["Vault is already initialized"]}', 400) as server:
        result = host.run(server)
    assert (result["failed"], result["reason"], result["initialized"], host.files()) == (True, "already_initialized", True, [])
    assert "remove the data" not in result["msg"] + result["remedy"]


def test_options_that_no_file_can_have(host: Host) -> None:
    with OddInitialisation(json.dumps(NORMAL).encode()) as server:
        for more, text in (
            ({"owner": "no-such-user"}, "owner is no-such-user"),
            ({"owner": "4294967295"}, "owner is 4294967295"),
            ({"group": "no-such-group"}, "group is no-such-group"),
            ({"mode": "rw"}, "mode is 'rw'"),
            ({"mode": "77777"}, "mode is '77777'"),
            ({"mode": 600}, "mode is 600"),
            ({"mode": 644}, "mode is 644"),
            ({"mode": 400}, "mode is 400"),
            ({"root_token_dest": str(host.init / "shares.json")}, "must be different files"),
            ({"root_token_dest": f"{host.init}/../init/shares.json.answer"}, "must be different files"),
        ):
            for check in (True, False):
                result = host.run(server, **more, _ansible_check_mode=check)
                assert (result["reason"], text in result["msg"]) == ("invalid_option", True), result
        assert (server.requests, host.files()) == ([], [])


def test_a_file_that_may_not_grow(host: Host) -> None:
    with OddInitialisation(json.dumps(NORMAL).encode()) as server:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (32 * 1024, hard))
        try:
            for check in (True, False):
                process = start_module("vault_init", host.options(server, _ansible_check_mode=check), host.home, host._environment)
                result = json.loads(process.communicate(timeout=scaled(180))[0])
                assert (result["reason"], "File too large" in result["msg"]) == ("file_error", True), result
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (server.requests, host.files()) == ([], [])


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@needs_root
@pytest.mark.fault(
    operation="vault_init",
    fault="the disk is full or read-only",
    outcome="`file_error` before the initialisation request is sent, also in check mode. No file is left.",
)
@pytest.mark.parametrize("options", ["size=64k", "size=1m,ro", "size=1m,nr_inodes=2"])
def test_a_full_or_read_only_file_system(options: str, host: Host) -> None:
    with mounted(host.init, options), OddInitialisation(json.dumps(NORMAL).encode()) as server:
        for check in (True, False):
            result = host.run(server, _ansible_check_mode=check)
            assert (result["reason"], server.requests, host.files()) == ("file_error", [], []), result


@needs_root
def test_an_owner_is_set_before(host: Host) -> None:
    nobody = pwd.getpwnam("nobody")
    seen: list[int] = []
    with OddInitialisation(json.dumps(NORMAL).encode(), before=lambda: seen.extend(path.stat().st_uid for path in host.init.iterdir())) as server:
        host.run(server, owner="nobody", group=str(nobody.pw_gid))
    assert (seen, (host.init / "shares.json").stat().st_gid) == ([nobody.pw_uid] * 3, nobody.pw_gid)


def test_a_killed_run_leaves_what_the_next_one_takes_over(host: Host) -> None:
    with OddInitialisation(json.dumps(NORMAL).encode(), delay=60, initialises=False) as server:
        process = start_module("vault_init", host.options(server), host.home, host._environment)
        while not server.requests:
            assert process.poll() is None
        blocked = host.run(server)
        assert (blocked["reason"], "another run of vault_init" in blocked["msg"]) == ("file_error", True)
        process.kill()
        process.communicate()
    assert len(host.files()) == 3
    with OddInitialisation(json.dumps(NORMAL).encode()) as server:
        server.initialized = True
        assert host.run(server)["recorded"] is False
        server.initialized = False
        assert host.run(server)["recorded"] is True
    assert host.files() == ["shares.json", "token.sealed"]
