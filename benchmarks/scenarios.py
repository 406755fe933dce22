# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured, each beside the same play with plain values, which comes first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import peers
from peers import ALIAS
from plays import COLLECTION, HERE, Stage, Variant, counted

WRAP = f"{COLLECTION}.awskms_seal_wrap"
LOOKUP = f"{COLLECTION}.awskms_seal_unwrap"


def one_task(stage: Stage, repetitions: int) -> list[Variant]:
    """What a task costs to start."""
    variants = [
        Variant("`ping`, an empty module", [{"ansible.builtin.ping": {}}]),
        Variant("`awskms_seal_wrap`", [{WRAP: {"kms_key_id": ALIAS, "plaintext": "x"}}], aim="1.6"),
        Variant("an empty module with boto3 and one call", [{"one_kms_call": {"kms_key_id": ALIAS}}]),
    ]
    if peers.are_there():
        variants.append(Variant("`amazon.aws.kms_key_info`", [{"amazon.aws.kms_key_info": {"alias": ALIAS, "endpoint_url": stage.kms.url}}]))
    return stage.measure(variants, repetitions)


def many_sealed(stage: Stage, repetitions: int, count: int) -> list[Variant]:
    """Sealing many values in one task, and in as many tasks."""
    values = {f"name{number}": f"value {number}" for number in range(count)}
    tasks = max(1, count // 25)
    one = {"kms_key_id": ALIAS, "values": values}
    variants = [
        Variant(f"one task with {count} `values`", [{WRAP: one}]),
        Variant("the same with `data_key: per_batch`", [{WRAP: {**one, "data_key": "per_batch"}}]),
        Variant(
            f"{count} tasks ({tasks} measured, times {count // tasks})",
            [{WRAP: {"kms_key_id": ALIAS, "plaintext": "{{ item }}"}, "no_log": True, "loop": list(values.values())[:tasks]}],
            scale=count / tasks, repetitions=1,
        ),
    ]
    return stage.measure(variants, repetitions)


def one_by_one(stage: Stage, repetitions: int, count: int, slow: int) -> list[Variant]:
    """Values sealed each by itself and used in one task; of the slowest ways only ``slow`` values are opened."""
    plain = [f"value {number:04}" for number in range(count)]
    total = sum(map(len, plain))
    room = stage.room("one_by_one")

    def play(name: str, expression: str, content: Any, size: int = total, **more: Any) -> Variant:
        path = room / f"{len(list(room.iterdir()))}.json"
        peers.plain_file(path, {"content": content})
        return Variant(name, counted(expression, size), str(path), **more)

    part = {"scale": count / slow, "repetitions": 1, "size": total * slow // count}
    variants = [
        play("plain values", "content", plain),
        play("one `query`", f"query('{LOOKUP}', content)", peers.sealed(stage, plain), aim="1.5"),
        play("one `query`, sealed with `per_batch`", f"query('{LOOKUP}', content)", peers.sealed(stage, plain, batch=True), aim="1.2"),
    ]
    if not peers.are_there():
        return stage.measure(variants, repetitions)
    peers.vault_inline(room / "vaulted.yml", "content", {text: text for text in plain})
    variants.append(Variant("ansible-vault, inline", counted("content.values()", total), str(room / "vaulted.yml")))
    files = [str(room / f"secret{number}.sops") for number in range(slow)]
    for path, text in zip(files, plain):
        peers.sops_file(stage, room / path, text, "binary")
    measured = f"({slow} measured, times {count // slow})"
    variants.append(play(f"community.sops, one file for each {measured}", "query('community.sops.sops', *content)", files, **part))
    commands = peers.aws_pipe(stage, plain[:slow])
    variants.append(play(f"`aws kms decrypt` in a pipe for each {measured}", "query('ansible.builtin.pipe', *content)", commands, **part))
    return stage.measure(variants, repetitions)


def one_file(stage: Stage, repetitions: int, count: int) -> list[Variant]:
    """All values in one file of variables for all hosts."""
    content = {"secrets": {f"name{number}": f"value {number:04}" for number in range(count)}}
    tasks = counted("secrets.values()", sum(map(len, content["secrets"].values())))
    rooms = {name: stage.room(f"one_file_{name}") for name in ("plain", "ours", "vault", "inline", "client", "sops", "lookup")}
    inside = {name: room / "group_vars" / "all" / "secrets" for name, room in rooms.items()}
    peers.plain_file(inside["plain"].with_suffix(".yml"), content)
    variants = [Variant("plain file", tasks, folder=rooms["plain"])]
    if peers.has_vars_plugin():
        peers.sealed_file(stage, inside["ours"].with_suffix(".yml.sealed"), content)
        variants.append(Variant("this collection's vars plugin", tasks, folder=rooms["ours"], environment=peers.SEALED_VARIABLES, aim="1.2"))
    if not peers.are_there():
        return stage.measure(variants, repetitions)
    peers.vault_file(inside["vault"].with_suffix(".yml"), content)
    peers.vault_file(inside["client"].with_suffix(".yml"), content)
    peers.vault_inline(inside["inline"].with_suffix(".yml"), "secrets", content["secrets"])
    text = (inside["plain"].with_suffix(".yml")).read_text(encoding="utf-8")
    peers.sops_file(stage, inside["sops"].with_suffix(".sops.json"), text)
    peers.sops_file(stage, rooms["lookup"] / "secrets.sops.json", text)
    opened = f"(lookup('community.sops.sops', '{rooms['lookup']}/secrets.sops.json') | from_json).secrets.values()"
    variants += [
        Variant("ansible-vault, the whole file", tasks, folder=rooms["vault"]),
        Variant("ansible-vault, the whole file, password kept by KMS", tasks, folder=rooms["client"], environment=peers.vault_password_client(stage)),
        Variant("ansible-vault, inline", tasks, folder=rooms["inline"]),
        Variant("community.sops, vars plugin", tasks, folder=rooms["sops"], environment=peers.SOPS_VARIABLES),
        Variant("community.sops, lookup of one file", counted(opened, sum(map(len, content["secrets"].values()))), folder=rooms["lookup"]),
    ]
    return stage.measure(variants, repetitions)


def many_hosts(stage: Stage, repetitions: int, hosts: int, each: int) -> list[Variant]:
    """Values of each host, used in two tasks on all of them, with 10 forks."""
    names = [f"host{number}" for number in range(hosts)]
    values = {name: {f"name{number}": f"{name} {number:04}" for number in range(each)} for name in names}
    tasks = 2 * counted("secrets.values()", 0)
    for task in tasks:
        task["ansible.builtin.assert"]["that"] = f"secrets.values() | map('length') | sum == {each} * (inventory_hostname | length + 5)"

    def variant(name: str, write: Any, **more: Any) -> Variant:
        room = stage.room(f"many_hosts_{len(list(stage.folder.glob('many_hosts_*')))}")
        for host in names:
            write(room / "host_vars" / host, values[host])
        return Variant(name, more.pop("tasks", tasks), folder=room, hosts=hosts, **more)

    def plain(folder: Any, content: Any) -> None:
        peers.plain_file(folder / "secrets.yml", {"secrets": content})

    batch = iter(peers.sealed(stage, [text for name in names for text in values[name].values()], batch=True))

    def lookup_times(folder: Any, content: Any) -> None:
        # One data key for all, which the workers cannot tell each other.
        blobs = [next(batch) for _text in content]
        peers.plain_file(folder / "secrets.yml", {"blobs": blobs, "opened": "{{ query('" + LOOKUP + "', blobs) }}"})

    used = 2 * [{**tasks[0], "ansible.builtin.assert": {**tasks[0]["ansible.builtin.assert"]}}]
    for task in used:
        task["ansible.builtin.assert"]["that"] = f"opened | map('length') | sum == {each} * (inventory_hostname | length + 5)"
    variants = [variant("plain values", plain)]
    if peers.has_vars_plugin():
        variants.append(variant(
            "this collection's vars plugin", lambda folder, content: peers.sealed_file(stage, folder / "secrets.yml.sealed", {"secrets": content}),
            environment=peers.SEALED_VARIABLES, aim="1.4",
        ))
    variants.append(variant("this collection's lookup in a variable", lookup_times, tasks=used, repetitions=1))
    if peers.are_there():
        variants += [
            variant("ansible-vault, inline", lambda folder, content: peers.vault_inline(folder / "secrets.yml", "secrets", content), repetitions=1),
            variant(
                "community.sops, vars plugin",
                lambda folder, content: peers.sops_file(stage, folder / "secrets.sops.yaml", f"secrets: {content}", "yaml"),
                environment=peers.SOPS_VARIABLES, repetitions=1,
            ),
        ]
    return stage.measure(variants, repetitions, warm=False)


def memory(stage: Stage, size: int) -> dict[str, float]:
    """The most memory of the module's process, sealing ``size`` bytes into a file, above that for one byte."""
    peaks = []
    for content in (b"x", os.urandom(size)):
        (stage.folder / "big").write_bytes(content)
        peak_file = stage.folder / "peak"
        peak_file.unlink(missing_ok=True)
        interpreter = stage.folder / "python-peak"
        interpreter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "peak_memory.py"}" "$@"\n', encoding="utf-8")
        interpreter.chmod(0o755)
        task = {WRAP: {
            "kms_key_id": ALIAS, "src": str(stage.folder / "big"), "dest": str(stage.folder / "big.sealed"), "format": "binary", "force": True,
        }}
        measured = {**task, "vars": {"ansible_python_interpreter": str(interpreter)}}
        stage.play(Variant("memory", [measured]), {"PEAK_FILE": str(peak_file)})
        peaks.append(max(int(line) for line in peak_file.read_text(encoding="ascii").split()) * 1024)
    return {"size": size, "of_one_byte": peaks[0], "of_all": peaks[1], "times": (peaks[1] - peaks[0]) / size}


def unwraps_per_second(stage: Stage, count: int) -> float:
    """In one process, each value under a data key of its own."""
    return float(_output(stage, "unwraps_per_second.py", str(count)))


def start_up(stage: Stage, turns: int) -> dict[str, float]:
    """Milliseconds of each step before KMS is asked, of the fastest of some processes."""
    of_each: list[dict[str, float]] = [json.loads(_output(stage, "start_up.py")) for _turn in range(turns + 1)]
    return {step: min(one[step] for one in of_each) for step in of_each[0]}


def _output(stage: Stage, script: str, *arguments: str) -> str:
    command = [sys.executable, str(HERE / script), stage.kms.url, *arguments]
    environment = {**stage.environment(), "PYTHONPATH": os.environ["PYTHONPATH"]}
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=300).stdout
