# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_seal_unwrap, run by Ansible against the strict KMS, on values that its code has not sealed."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.sealwright.vault_seal.tests.vectors.messages import written

from support.ansible_run import Ansible, Task
from support.strict_kms import StrictKms
from support.vault_values import VaultValues, as_text, azure_slot, several

UNWRAP = "sealwright.vault_seal.awskms_seal_unwrap"
CHECKOUT = Path(__file__).parents[2]
BINARY = bytes(range(256))
SECRET = "distinctive plaintext 4711"
FILE_FACTS = {"gid", "group", "mode", "owner", "size", "state", "uid"}
FACTS = {"key_id", "mechanism", "form", "layout", "slot"}
ALWAYS = {"changed", "connection"}


class Bench:
    """Keys, folder and a writer of sealed values of this file's tests."""

    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.kms = kms
        self.folder = folder
        self.key = kms.new_key(alias="alias/unwrap")
        self.foreign_key = kms.new_key()
        self.vault = VaultValues(kms.client(), self.key)
        self.foreign = VaultValues(kms.client(), self.foreign_key)
        self.blob = as_text(self.vault.envelope(SECRET.encode()))

    def path(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture(scope="module")
def bench(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(kms, tmp_path_factory.mktemp("files"))


def task(name: str, check_mode: bool = False, diff: bool = False, **options: Any) -> Task:
    """A task whose result tests may look at, since it is to be displayed."""
    return {"name": name, UNWRAP: {"reveal": True, **options}, "check_mode": check_mode, "diff": diff}


def allowed_to_fail(one: Task) -> Task:
    return {**one, "ignore_errors": True}


def fields_of(result: dict[str, Any]) -> set[str]:
    return {name for name in result if not name.startswith("_ansible") and name not in ("invocation", "diff")}


@pytest.mark.matrix
def test_every_form(bench: Bench, ansible: Ansible) -> None:
    vault = bench.vault
    text = "text \u00e4\u20ac {{ 1 + 1 }}\n"
    envelope = vault.envelope(text.encode())
    forms = {
        "envelope": (written(envelope), "bare", "envelope", 1, 0),
        "joined nonce": (written(vault.joined_nonce(text.encode())), "bare", "joined_nonce", 1, 0),
        "direct": (written(vault.direct(text.encode())), "bare", "direct", 0, 0),
        "no key info": (written(vault.direct(text.encode(), key_info=False)), "bare", "no_key_info", 0, 0),
        "suffix": (written(envelope) + b"s", "seal_wrap", "envelope", 1, 0),
        "several": (several(azure_slot(), azure_slot(), envelope), "multi_wrap", "envelope", 1, 2),
        "several, suffix": (several(envelope, azure_slot()) + b"s", "multi_wrap_seal_wrap", "envelope", 1, 0),
    }
    run = ansible.playbook([task("all", blobs={name: as_text(form[0]) for name, form in forms.items()})]).succeeded()
    result = run["all"]
    assert result["plaintexts"] == dict.fromkeys(forms, text)
    assert result["facts"] == {
        name: {"key_id": bench.key, "form": form, "layout": layout, "mechanism": mechanism, "slot": slot}
        for name, (dummy, form, layout, mechanism, slot) in forms.items()
    }
    assert fields_of(result) == ALWAYS | {"plaintexts", "plaintexts_base64", "facts"}


@pytest.mark.matrix
def test_a_batch_costs_one_call_unless_data_keys_are_not_to_be_kept(bench: Bench, ansible: Ansible) -> None:
    texts = {f"value {number}": f"text {number}" for number in range(20)}
    blobs = dict(zip(texts, map(as_text, bench.vault.batch([text.encode() for text in texts.values()], b"aad"))))
    bench.kms.clear_calls()
    run = ansible.playbook(
        [task("once", blobs=blobs, aad="aad"), task("each", blobs=blobs, aad="aad", cache_data_keys=False)]
    ).succeeded()
    journal = bench.kms.calls()
    assert run["once"]["plaintexts"] == run["each"]["plaintexts"] == texts
    assert run.calls("once", journal) == ["Decrypt"]
    assert run.calls("each", journal) == ["Decrypt"] * 20


@pytest.mark.matrix
def test_sources_and_additional_data(bench: Bench, ansible: Ansible) -> None:
    bytes_blob, text_blob = bench.vault.envelope(BINARY, b"\x00\xff"), bench.vault.envelope(b"", "\u00e4".encode())
    bench.path("binary").write_bytes(written(text_blob))
    bench.path("base64").write_text("\n".join(as_text(text_blob)[at : at + 64] for at in range(0, len(as_text(text_blob)), 64)) + "\n")
    bench.kms.clear_calls()
    run = ansible.playbook(
        [
            task("blob", blob=f"  {as_text(bytes_blob)}\n", aad_base64="AP8="),
            task("binary file", src=str(bench.path("binary")), aad="\u00e4"),
            task("base64 file", src=str(bench.path("base64")), aad="\u00e4"),
            task("many", blobs={"one": bench.blob, "same": bench.blob, "bytes": as_text(bench.vault.envelope(BINARY))}),
            task("none", blobs={}),
        ]
    ).succeeded()
    journal = bench.kms.calls()
    assert base64.b64decode(run["blob"]["plaintext_base64"]) == BINARY
    assert "plaintext" not in run["blob"], "what is not UTF-8 is not given as text"
    assert run["binary file"]["plaintext"] == run["base64 file"]["plaintext"] == run["base64 file"]["plaintext_base64"] == ""
    assert run["many"]["plaintexts"] == {"one": SECRET, "same": SECRET}
    assert base64.b64decode(run["many"]["plaintexts_base64"]["bytes"]) == BINARY
    assert run.calls("many", journal) == ["Decrypt", "Decrypt"], "a wrapped data key that occurs twice is decrypted once"
    assert run["none"]["plaintexts"] == {}
    assert fields_of(run["blob"]) == ALWAYS | FACTS | {"plaintext_base64"}
    assert fields_of(run["binary file"]) == ALWAYS | FACTS | {"plaintext_base64", "plaintext"}
    assert run["binary file"]["connection"]["region"]["value"] == "us-east-1"


def test_the_region_comes_from_the_value(bench: Bench, ansible: Ansible) -> None:
    key = bench.kms.new_key(region="eu-central-1", alias="alias/elsewhere")
    blob = as_text(VaultValues(bench.kms.client(region="eu-central-1"), key).envelope(b"x"))
    run = ansible.playbook(
        [task("elsewhere", blob=blob), task("elsewhere by alias", blob=blob, allowed_key_ids=["alias/elsewhere"])], env={"AWS_REGION": ""}
    ).succeeded()
    for name in ("elsewhere", "elsewhere by alias"):
        assert run[name]["key_id"] == key
        assert run[name]["connection"]["region"] == {"value": "eu-central-1", "source": "the sealed value's key ARN"}


def test_a_multi_region_key_opens_where_its_replica_is(bench: Bench, ansible: Ansible) -> None:
    key = bench.kms.new_key(MultiRegion=True)
    bench.kms.client().replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    blob = as_text(VaultValues(bench.kms.client(), key).envelope(b"x"))
    bench.kms.clear_calls()
    run = ansible.playbook(
        [task("replica", blob=blob, region="eu-west-1"), task("replica, pinned", blob=blob, region="eu-west-1", allowed_key_ids=[key])]
    ).succeeded()
    replica = key.replace("us-east-1", "eu-west-1")
    assert run["replica"]["key_id"] == run["replica, pinned"]["key_id"] == replica
    assert [(call["region"], call["key"]) for call in bench.kms.calls("Decrypt")] == [("eu-west-1", ""), ("eu-west-1", replica)]


@pytest.mark.matrix
def test_allowed_keys(bench: Bench, ansible: Ansible) -> None:
    key_id = bench.key.rsplit("/", 1)[-1]
    foreign = as_text(bench.foreign.envelope(b"planted"))
    # It claims our key, but KMS sealed its data key under the other.
    forged = bench.foreign.envelope(b"planted")
    forged.key_info.key_id = bench.key
    nameless = as_text(bench.foreign.direct(b"planted", key_info=False))
    both = as_text(several(bench.foreign.envelope(b"planted"), bench.vault.envelope(b"ours")))
    alias_arn = bench.key.replace(f"key/{key_id}", "alias/unwrap")
    ours = {"id": key_id, "ARN": bench.key, "alias": "alias/unwrap", "alias ARN": alias_arn}
    bench.kms.clear_calls()
    run = ansible.playbook(
        [
            *(task(f"by {kind}", blob=bench.blob, allowed_key_ids=[reference]) for kind, reference in ours.items()),
            task("one of two", blob=bench.blob, allowed_key_ids=[bench.foreign_key, bench.key]),
            task("the slot that may be opened", blob=both, allowed_key_ids=[bench.key]),
            task("nameless, ours", blob=as_text(bench.vault.direct(b"x", key_info=False)), allowed_key_ids=[bench.key]),
            *(
                allowed_to_fail(task(name, blob=blob, allowed_key_ids=["alias/unwrap"]))
                for name, blob in (("foreign", foreign), ("forged", as_text(forged)), ("nameless", nameless))
            ),
            allowed_to_fail(task("no key at all", blob=bench.blob, allowed_key_ids=[])),
        ]
    ).succeeded()
    journal = bench.kms.calls()
    for kind in ours:
        assert run[f"by {kind}"]["plaintext"] == SECRET
        assert run.calls(f"by {kind}", journal) == ["DescribeKey"] * kind.startswith("alias") + ["Decrypt"]
    assert run["one of two"]["plaintext"] == SECRET
    assert (run["the slot that may be opened"]["plaintext"], run["the slot that may be opened"]["slot"]) == ("ours", 1)
    assert {call["key"] for call in bench.kms.calls("Decrypt")} == {bench.key}, "every Decrypt is pinned to the key"

    assert run["foreign"]["reason"] == "wrong_key"
    assert run["foreign"]["msg"] == (
        f"The value is sealed under the key {bench.foreign_key}, which is not one of the allowed keys (alias/unwrap ({bench.key})). "
        "To trust this key, add it to allowed_key_ids."
    )
    assert run.calls("foreign", journal) == ["DescribeKey"], "refused before KMS is asked to decrypt"
    for name in ("forged", "nameless"):
        assert run[name]["reason"] == "wrong_key"
    assert run["no key at all"]["reason"] == "invalid_option"
    assert run.calls("no key at all", journal) == []


@pytest.mark.matrix
def test_dest(bench: Bench, ansible: Ansible) -> None:
    dest, linked, target, new = bench.path("plain"), bench.path("plain-link"), bench.path("target"), bench.path("new")
    target.write_text("not to be touched")
    linked.symlink_to(target)
    options = {"blob": bench.blob, "dest": str(dest)}
    other = as_text(bench.vault.envelope(SECRET[::-1].encode()))
    seen: dict[str, tuple[bool, str]] = {}
    steps = [
        task("new in check mode", check_mode=True, diff=True, blob=bench.blob, dest=str(new)),
        # Without reveal, since nothing of the value is in the result: its diff and facts may be seen.
        {"name": "new", UNWRAP: options, "diff": True},
        task("again", diff=True, **options),
        task("mode", **options, mode="0640"),
        task("other in check mode", check_mode=True, diff=True, **{**options, "blob": other}),
        task("other", diff=True, **{**options, "blob": other}),
        task("link", blob=bench.blob, dest=str(linked)),
        task("link again", blob=bench.blob, dest=str(linked)),
    ]
    run = ansible.playbook(steps).succeeded()
    seen = {step["name"]: (run[step["name"]]["changed"], run[step["name"]].get("mode", "")) for step in steps}
    assert seen == {
        "new in check mode": (True, ""),
        "new": (True, "0600"),
        "again": (False, "0600"),
        "mode": (True, "0640"),
        "other in check mode": (True, "0640"),
        "other": (True, "0600"),
        "link": (True, "0600"),
        "link again": (False, "0600"),
    }
    assert dest.read_bytes() == SECRET[::-1].encode()
    assert not new.exists()
    assert linked.read_bytes() == SECRET.encode()
    assert not linked.is_symlink()
    assert target.read_text() == "not to be touched"
    size = f"{len(SECRET)} bytes, not shown\n"
    assert run["new in check mode"]["diff"] == run["new"]["diff"] == {"before": "", "after": size}
    assert run["other in check mode"]["diff"] == {"before": size, "after": size}
    assert fields_of(run["new"]) == ALWAYS | FACTS | FILE_FACTS | {"dest"}
    assert SECRET not in run.output
    assert not [path.name for path in bench.folder.iterdir() if path.name.startswith(".")], "left-over files"


def spellings(secret: str) -> list[str]:
    return [secret, base64.b64encode(secret.encode()).decode(), secret.encode().hex()]


@pytest.mark.matrix
@pytest.mark.parametrize("verbosity", ["", "-v", "-vvvv", "-vvvvvv"])
def test_the_plaintext_is_not_displayed(bench: Bench, ansible: Ansible, verbosity: str) -> None:
    over_ssh = bench.path("ssh")
    # In the place of ssh: runs the command here, so that Ansible's ssh connection takes part as it is.
    over_ssh.write_text('#!/bin/sh\nfor command; do :; done\nexec /bin/sh -c "$command"\n')
    over_ssh.chmod(0o755)
    hidden: list[Task] = [
        {"name": "one", UNWRAP: {"blob": bench.blob}, "register": "opened"},
        {"name": "many", UNWRAP: {"blobs": {"a": bench.blob, "b": bench.blob}}},
        {"name": "loop", UNWRAP: {"blob": "{{ item }}"}, "loop": [bench.blob, bench.blob]},
        {"name": "retried", UNWRAP: {"blob": bench.blob}, "register": "tried", "until": "tried.attempts > 1", "retries": 2, "delay": 0},
        {"name": "usable", "ansible.builtin.assert": {"that": "opened.plaintext == expected", "quiet": True}},
        {
            "name": "over ssh",
            UNWRAP: {"blob": bench.blob},
            "vars": {"ansible_connection": "ssh", "ansible_ssh_executable": str(over_ssh), "ansible_ssh_transfer_method": "piped"},
        },
    ]
    # The value to compare with stays off the playbook: at high verbosity Ansible may show that.
    expected = bench.path("expected")
    expected.write_text(SECRET)
    hidden[4]["vars"] = {"expected": "{{ lookup('ansible.builtin.file', '" + str(expected) + "') }}"}
    hidden[4]["no_log"] = True
    arguments = [argument for argument in (verbosity, "--diff") if argument]
    run = ansible.playbook(hidden, *arguments)
    assert run.code == 0, run.output.replace(SECRET, "<the secret>")
    if verbosity == "-vvvvvv":
        assert "ESTABLISH SSH CONNECTION" in run.output or "SSH: EXEC" in run.output
    for spelling in spellings(SECRET):
        assert spelling not in run.output


def test_reveal_and_ad_hoc(bench: Bench, ansible: Ansible) -> None:
    hidden = ansible.ad_hoc(UNWRAP, f"blob={bench.blob}", "-vvv").succeeded()
    assert SECRET not in hidden.output
    assert "output has been hidden" in hidden.output
    shown = ansible.ad_hoc(UNWRAP, f"blob={bench.blob} reveal=true").succeeded()
    assert f'"plaintext": "{SECRET}"' in shown.output


def test_failures_are_readable_and_asynchronous_runs_refused(bench: Bench, ansible: Ansible) -> None:
    # An interpreter that loses the end of what modules print, as a broken connection may.
    cut = bench.path("cut")
    cut.write_text(f'#!/bin/sh\n{sys.executable} "$@" | head -c -20\n')
    cut.chmod(0o755)
    run = ansible.playbook(
        [
            allowed_to_fail({"name": "wrong aad", UNWRAP: {"blob": bench.blob, "aad": "another"}}),
            allowed_to_fail({"name": "asynchronous", UNWRAP: {"blob": bench.blob}, "async": 10, "poll": 1}),
            allowed_to_fail({"name": "cut", UNWRAP: {"blob": bench.blob}, "vars": {"ansible_python_interpreter": str(cut)}}),
        ],
        "-vvvv",
    ).succeeded()
    assert run["wrong aad"]["msg"] == (
        "KMS decrypted the data key, but the value is not authentic. The value was modified, or it was sealed with different additional authenticated "
        "data (aad)."
    )
    assert run["asynchronous"]["msg"].endswith(
        "sealwright.vault_seal.awskms_seal_unwrap cannot run asynchronously: Ansible would store the plaintext in a file on the "
        "host. Remove async from the task."
    )
    assert run["cut"]["failed"]
    for spelling in spellings(SECRET):
        assert spelling not in run.output


def test_every_documented_field_is_returned_somewhere_above() -> None:
    source = (CHECKOUT / "plugins" / "modules" / "awskms_seal_unwrap.py").read_text(encoding="utf-8")
    documented = set(yaml.safe_load(source.split('RETURN = r"""')[1].split('"""')[0]))
    returned = FACTS | FILE_FACTS | {"plaintext", "plaintext_base64", "plaintexts", "plaintexts_base64", "facts", "dest", "connection"}
    assert documented == returned
