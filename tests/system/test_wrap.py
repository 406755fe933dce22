# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module awskms_seal_wrap, run by Ansible against the strict KMS; a judge without the collection's code opens what it seals."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.ansible_run import Ansible, Task
from support.strict_kms import StrictKms
from support.vault_values import VaultValues

WRAP = "sealwright.vault_seal.awskms_seal_wrap"
CHECKOUT = Path(__file__).parents[2]
BINARY = bytes(range(256))
LARGE = 16 * 1024 * 1024
# Ansible itself adds these to any result that names a file.
FILE_FACTS = {"gid", "group", "mode", "owner", "size", "state", "uid"}
ALWAYS = {"changed", "mechanism", "connection"}


class Bench:
    """Keys, folder and judge of this file's tests."""

    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.kms = kms
        self.folder = folder
        self.key = kms.new_key(alias="alias/wrap")
        self.other_key = kms.new_key(alias="alias/wrap-moves")
        self.judge = VaultValues(kms.client(), self.key)

    def path(self, name: str) -> Path:
        return self.folder / name

    def task(self, name: str, check_mode: bool = False, diff: bool = False, **options: Any) -> Task:
        options.setdefault("kms_key_id", "alias/wrap")
        return {"name": name, WRAP: options, "check_mode": check_mode, "diff": diff}


@pytest.fixture(scope="module")
def bench(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(kms, tmp_path_factory.mktemp("files"))


def fields_of(result: dict[str, Any]) -> set[str]:
    return {name for name in result if not name.startswith("_ansible") and name not in ("invocation", "diff")}


@pytest.mark.matrix
def test_every_source_and_every_way_to_give_additional_data(bench: Bench, ansible: Ansible) -> None:
    bench.path("source").write_bytes(BINARY)
    bench.path("empty").write_bytes(b"")
    texts = {f"value {number}": f"text {number}: \u00e4\u20ac" for number in range(20)}
    bench.kms.clear_calls()
    run = ansible.playbook(
        [
            bench.task("one letter", plaintext="a"),
            bench.task("nothing", plaintext=""),
            bench.task("text", plaintext="{% raw %}{{ 1 + 1 }}{% endraw %} \u00e4\u20ac\n", aad="used for \u00e4"),
            bench.task("bytes", plaintext_base64=base64.b64encode(BINARY).decode(), aad_base64="AP8="),
            bench.task("file", src=str(bench.path("source")), kms_key_id=bench.key),
            bench.task("many", values=texts, aad="many", kms_key_id=bench.key.rsplit("/", 1)[-1]),
            bench.task("batch", values=texts, aad="many", data_key="per_batch"),
        ]
    ).succeeded()
    journal = bench.kms.calls()

    # A secret of one letter blanks nothing of the result.
    assert run["one letter"]["key_id"] == bench.key
    assert bench.judge.opened(run["one letter"]["blob"]) == b"a"
    assert bench.judge.opened(run["nothing"]["blob"]) == b""
    assert bench.judge.opened(run["text"]["blob"], "used for \u00e4".encode()) == "{{ 1 + 1 }} \u00e4\u20ac\n".encode()
    assert bench.judge.opened(run["bytes"]["blob"], b"\x00\xff") == BINARY
    assert bench.judge.opened(run["file"]["blob"]) == BINARY
    for name in ("many", "batch"):
        assert {key: bench.judge.opened(blob, b"many").decode() for key, blob in run[name]["blobs"].items()} == texts

    for name in ("one letter", "nothing", "text", "bytes", "file"):
        assert fields_of(run[name]) == ALWAYS | {"blob", "key_id"}
        assert run.calls(name, journal) == ["Encrypt"]
    assert fields_of(run["many"]) == fields_of(run["batch"]) == ALWAYS | {"blobs", "key_id"}
    assert run.calls("many", journal) == ["Encrypt"] * 20
    assert run.calls("batch", journal) == ["Encrypt"]
    assert {call["agent"].split()[-1] for call in journal} == {"sealwright.vault_seal"}
    assert {call["agent"].count("sealwright.vault_seal") for call in journal} == {1}
    assert not any(run[name]["changed"] for name in ("one letter", "many"))
    assert run["many"]["mechanism"] == 1
    assert run["one letter"]["connection"] == {
        "kms_key_id": {"value": "alias/wrap", "source": "option kms_key_id"},
        "region": {"value": "us-east-1", "source": "environment variable AWS_REGION"},
        "endpoint": {"value": bench.kms.url, "source": "environment variable AWS_KMS_ENDPOINT"},
        "credentials": {"value": bench.kms.admin.access_key, "source": "environment variable AWS_ACCESS_KEY_ID"},
    }


def test_many_values_are_sealed_at_the_same_time(bench: Bench, ansible: Ansible) -> None:
    bench.kms.set_latency(0.25)
    try:
        bench.kms.clear_calls()
        ansible.playbook([bench.task("many", values={str(number): "x" for number in range(64)})]).succeeded()
        times = sorted(call["time"] for call in bench.kms.calls("Encrypt"))
    finally:
        bench.kms.set_latency(0)
    assert len(times) == 64
    assert times[-1] - times[0] < 8, "64 calls of 0.25 s took half as long as one after another, or longer"


@pytest.mark.matrix
def test_dest_is_idempotent(bench: Bench, ansible: Ansible) -> None:
    dest = bench.path("idempotent.sealed")
    options = {"plaintext": "keep me", "aad": "one", "dest": str(dest)}

    def step(name: str, **changes: Any) -> None:
        """One task, and what the file holds after it."""
        steps.append(bench.task(name, **{**options, **changes}))
        content = "{{ lookup('ansible.builtin.pipe', 'base64 --wrap=0 ' ~ file) }}"
        steps.append({"name": f"after {name}", "ansible.builtin.debug": {"msg": content}, "vars": {"file": str(dest)}})

    steps: list[Task] = []
    step("first")
    step("second")
    step("by ARN", kms_key_id=bench.key)
    step("by id", kms_key_id=bench.key.rsplit("/", 1)[-1])
    step("other plaintext", plaintext="keep me not")
    step("other aad", plaintext="keep me not", aad="two")
    step("no aad", plaintext="keep me not", aad=None)
    step("other key", plaintext="keep me not", aad=None, kms_key_id="alias/wrap-moves")
    step("same again", plaintext="keep me not", aad=None, kms_key_id="alias/wrap-moves")
    step("force", plaintext="keep me not", aad=None, kms_key_id="alias/wrap-moves", force=True)
    step("binary", plaintext="keep me not", aad=None, kms_key_id="alias/wrap-moves", format="binary")
    step("binary again", plaintext="keep me not", aad=None, kms_key_id="alias/wrap-moves", format="binary")
    bench.kms.clear_calls()
    run = ansible.playbook(steps).succeeded()
    journal = bench.kms.calls()
    tasks = [record["task"] for record in run.results]
    states = {name[len("after ") :]: base64.b64decode(run[name]["msg"]) for name in tasks if name.startswith("after ")}

    changed = {name: run[name]["changed"] for name in states}
    assert changed == {
        "first": True, "second": False, "by ARN": False, "by id": False, "other plaintext": True, "other aad": True, "no aad": True,
        "other key": True, "same again": False, "force": True, "binary": True, "binary again": False,
    }  # fmt: skip
    assert {name: run.calls(name, journal) for name in states} == {
        "first": ["Encrypt"],
        "second": ["DescribeKey", "Decrypt"],
        "by ARN": ["Decrypt"],
        "by id": ["Decrypt"],
        "other plaintext": ["DescribeKey", "Decrypt", "Encrypt"],
        "other aad": ["DescribeKey", "Decrypt", "Encrypt"],
        "no aad": ["DescribeKey", "Decrypt", "Encrypt"],
        "other key": ["DescribeKey", "Encrypt"],
        "same again": ["DescribeKey", "Decrypt"],
        "force": ["Encrypt"],
        "binary": ["DescribeKey", "Decrypt"],
        "binary again": ["DescribeKey", "Decrypt"],
    }
    assert states["first"] == states["second"] == states["by ARN"] == states["by id"]
    assert states["first"].decode().strip() == run["first"]["blob"]
    assert bench.judge.opened(run["first"]["blob"], b"one") == b"keep me"
    assert states["other key"] == states["same again"] != states["force"]
    assert states["binary"] == states["binary again"] == base64.b64decode(states["force"]), "the same value in the other format"
    for name in ("first", "second"):
        assert fields_of(run[name]) == ALWAYS | FILE_FACTS | {"blob", "key_id", "dest"}
    assert run["first"]["blob"] == run["second"]["blob"] != run["other plaintext"]["blob"]
    assert run["second"]["key_id"] == bench.key
    assert run["other key"]["key_id"] == bench.other_key

    bench.kms.client().update_alias(AliasName="alias/wrap-moves", TargetKeyId=bench.key)
    moved = bench.task("moved", plaintext="keep me not", dest=str(dest), kms_key_id="alias/wrap-moves", format="binary")
    again = ansible.playbook([moved]).succeeded()
    assert again["moved"]["changed"]
    assert again["moved"]["key_id"] == bench.key
    assert not [name.name for name in bench.folder.iterdir() if name.name.startswith(".")], "left-over files"


@pytest.mark.matrix
def test_dest_without_a_folder_is_in_the_current_one(bench: Bench, ansible: Ansible) -> None:
    tasks = [bench.task(name, plaintext="x", dest="relative.sealed") for name in ("new", "again")]
    run = ansible.playbook([*tasks, bench.task("anew", plaintext="x", dest="relative.sealed", force=True)]).succeeded()
    assert {name: run[name]["changed"] for name in ("new", "again", "anew")} == {"new": True, "again": False, "anew": True}
    assert (ansible.folder / "relative.sealed").read_text().strip() == run["anew"]["blob"]


@pytest.mark.matrix
def test_mode_and_owner(bench: Bench, ansible: Ansible) -> None:
    loose, linked, target = bench.path("loose"), bench.path("linked"), bench.path("target")
    make_loose: list[Task] = [{"name": "loosen", "ansible.builtin.file": {"path": str(loose), "mode": "0666", "state": "touch"}}]
    target.write_text("not to be touched")
    linked.symlink_to(target)
    options = {"plaintext": "x", "dest": str(loose)}
    run = ansible.playbook(
        [
            bench.task("default", **options),
            *make_loose,
            bench.task("in check mode", check_mode=True, **options),
            bench.task("narrowed", **options),
            bench.task("asked for", **options, mode="u=rw,g=r"),
            bench.task("asked for again", **options, mode="0640"),
            *make_loose,
            bench.task("anew", **options, force=True),
            bench.task("link", plaintext="x", dest=str(linked), owner=str(os.getuid()), group=str(os.getgid())),
            bench.task("link again", plaintext="x", dest=str(linked)),
            {**bench.task("no such owner", plaintext="x", dest=str(bench.path("unowned")), owner="nobody-has-this-name"), "ignore_errors": True},
        ]
    ).succeeded()
    seen = {name: (run[name]["changed"], run[name].get("mode")) for name in (r["task"] for r in run.results) if name != "loosen"}
    assert seen == {
        "default": (True, "0600"),
        "in check mode": (True, "0666"),
        "narrowed": (True, "0600"),
        "asked for": (True, "0640"),
        "asked for again": (False, "0640"),
        "anew": (True, "0600"),
        "link": (True, "0600"),
        "link again": (False, "0600"),
        "no such owner": (False, None),
    }
    assert not linked.is_symlink()
    assert target.read_text() == "not to be touched"
    assert run["no such owner"]["failed"]
    assert not bench.path("unowned").exists()
    assert not [name.name for name in bench.folder.iterdir() if name.name.startswith(".")], "left-over files"


def test_a_new_file_is_never_open_to_others(bench: Bench, ansible: Ansible) -> None:
    """The file is private at the moment when it takes its name, whatever the umask."""
    dest = bench.path("watched")
    trace = bench.path("trace")
    # Python's own audit hook sees every name that the module's process gives.
    hook = bench.path("sitecustomize.py")
    hook.write_text(
        "import os, sys\n"
        "def see(event, arguments):\n"
        f"    if event in ('os.link', 'os.rename') and {dest.name!r} in str(arguments):\n"
        "        mode = os.stat(arguments[0], dir_fd=arguments[2] if arguments[2] >= 0 else None).st_mode\n"
        f"        with open({str(trace)!r}, 'a') as stream:\n"
        "            print(event, oct(mode & 0o7777), file=stream)\n"
        "sys.addaudithook(see)\n"
    )
    task = bench.task("watched", plaintext="x", dest=str(dest), mode="0640")
    ansible.playbook([{**task, "environment": {"PYTHONPATH": str(bench.folder)}}], env={"ANSIBLE_PIPELINING": "0"}).succeeded()
    modes = {line.split()[1] for line in trace.read_text().splitlines()}
    assert modes == {"0o640"}
    assert stat.S_IMODE(dest.stat().st_mode) == 0o640


@pytest.mark.matrix
def test_check_mode_and_diff(bench: Bench, ansible: Ansible) -> None:
    there, new = bench.path("there.sealed"), bench.path("new.sealed")
    options = {"plaintext": "the secret", "dest": str(there)}
    ansible.playbook([bench.task("make", **options)]).succeeded()
    before = there.read_bytes()
    bench.kms.clear_calls()
    run = ansible.playbook(
        [
            bench.task("no dest", check_mode=True, diff=True, plaintext="the secret"),
            bench.task("many", check_mode=True, values={"a": "the secret"}),
            bench.task("new", check_mode=True, diff=True, plaintext="the secret", dest=str(new)),
            bench.task("same", check_mode=True, diff=True, **options),
            bench.task("other", check_mode=True, diff=True, **{**options, "plaintext": "another secret"}),
            bench.task("force", check_mode=True, diff=True, **options, force=True),
            bench.task("format", check_mode=True, diff=True, **options, format="binary"),
        ]
    ).succeeded()
    assert bench.kms.calls("Encrypt") == []
    assert not new.exists()
    assert there.read_bytes() == before
    assert {name: run[name]["changed"] for name in (r["task"] for r in run.results)} == {
        "no dest": False, "many": False, "new": True, "same": False, "other": True, "force": True, "format": True,
    }  # fmt: skip
    assert fields_of(run["no dest"]) == fields_of(run["many"]) == ALWAYS
    assert fields_of(run["new"]) == ALWAYS | {"dest"}
    size = len(base64.b64decode(before))
    state = f"sealed under {bench.key}, {size} bytes, as base64\n"
    to_be = "to be sealed under alias/wrap, as base64\n"
    assert run["new"]["diff"] == {"before": "", "after": to_be}
    assert run["other"]["diff"] == run["force"]["diff"] == {"before": state, "after": to_be}
    assert run["format"]["diff"] == {"before": state, "after": state.replace("base64", "binary")}
    assert "diff" not in run["same"]

    done = ansible.playbook([bench.task("other", diff=True, **{**options, "plaintext": "another one"})]).succeeded()
    assert done["other"]["diff"] == {"before": state, "after": f"newly {state}".replace(f"{size} bytes", f"{size + 1} bytes")}


def test_a_large_file(bench: Bench, ansible: Ansible) -> None:
    source, dest = bench.path("large"), bench.path("large.sealed")
    content = os.urandom(1 << 20) * (LARGE >> 20)
    source.write_bytes(content)
    options = {"src": str(source), "dest": str(dest), "format": "binary"}
    run = ansible.playbook([bench.task("seal", **options), bench.task("again", **options)]).succeeded()
    assert run["seal"]["changed"]
    assert "blob" not in run["seal"], "a large value that is in a file already is not sent to the controller"
    assert not run["again"]["changed"]
    assert dest.stat().st_size > LARGE
    assert bench.judge.opened(base64.b64encode(dest.read_bytes()).decode()) == content


@pytest.mark.matrix
def test_defaults_of_the_action_group_and_names_of_amazon_aws(bench: Bench, ansible: Ansible) -> None:
    admin = bench.kms.admin
    defaults = {
        "aws_access_key_id": admin.access_key,
        "aws_secret_access_key": admin.secret_key,
        "aws_region": "us-east-1",
        "endpoint_url": bench.kms.url,
    }
    names = {"key_id": bench.key, "aws_access_key": admin.access_key, "aws_secret_key": admin.secret_key, "aws_endpoint_url": bench.kms.url}
    bare = dict.fromkeys(bench.kms.environment(), "")
    run = ansible.playbook(
        [{"name": "by group", WRAP: {"plaintext": "x", "key_id": bench.key}}],
        module_defaults={"group/sealwright.vault_seal.awskms": defaults},
        env=bare,
    ).succeeded()
    assert run["by group"]["connection"]["region"] == {"value": "us-east-1", "source": "option region"}
    assert run["by group"]["connection"]["credentials"]["source"] == "options access_key and secret_key"
    arguments = json.dumps({"plaintext": "x", **names})
    message = ansible.ad_hoc(WRAP, arguments, env=bare).succeeded()
    assert message.results[0]["result"]["key_id"] == bench.key, "by ARN, without any region but its own"
    assert message.results[0]["result"]["connection"]["region"]["source"] == "the key ARN of option kms_key_id"


def test_every_documented_field_is_returned_somewhere_above() -> None:
    documented = documented_fields("awskms_seal_wrap")
    assert documented == ALWAYS - {"changed"} | FILE_FACTS | {"blob", "blobs", "key_id", "dest"}


def documented_fields(module: str) -> set[str]:
    """The names in the RETURN block of a module."""
    source = (CHECKOUT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    block = source.split('RETURN = r"""')[1].split('"""')[0]
    return set(yaml.safe_load(block))
