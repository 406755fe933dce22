# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How time and calls to KMS grow with values and with hosts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import peers
from plays import COLLECTION, Stage, Variant, counted
from scenarios import LOOKUP


@dataclass
class Growth:
    """The same plays on several sizes: ``variants`` has a row for each play, and a column for each size."""

    title: str
    unit: str
    sizes: list[int]
    variants: list[list[Variant]]


def of_values(stage: Stage, repetitions: int, sizes: list[int]) -> Growth:
    """One task that uses all values."""
    return _grown("Values", "values", sizes, lambda size: stage.measure(_values(stage, size), repetitions, warm=False))


def of_hosts(stage: Stage, sizes: list[int], each: int) -> Growth:
    """One task on all hosts, which uses values that are the same for all; the largest takes long enough to run once."""
    return _grown("Hosts", "hosts", sizes, lambda size: stage.measure(_hosts(stage, size, each), 1, warm=False))


def of_asking_hosts(stage: Stage, sizes: list[int], each: int) -> Growth:
    """What runs on the hosts, and asks KMS from each of them."""
    return _grown("Hosts that call KMS themselves", "hosts", sizes, lambda size: stage.measure(_asking_hosts(stage, size, each), 1, warm=False))


def _grown(title: str, unit: str, sizes: list[int], measured: Callable[[int], list[Variant]]) -> Growth:
    return Growth(title, unit, sizes, [list(row) for row in zip(*map(measured, sizes))])


def _values(stage: Stage, size: int) -> list[Variant]:
    plain = [f"value {number:04}" for number in range(size)]
    room = stage.room(f"values_{size}")
    return _each(stage, room, plain, lambda name, expression, path, **more: Variant(
        name, counted(expression, size * len(plain[0])), str(path), folder=room, **more
    ))


def _each(stage: Stage, room: Any, plain: list[str], variant: Callable[..., Variant]) -> list[Variant]:
    named = {f"name{number}": text for number, text in enumerate(plain)}
    peers.plain_file(room / "plain.json", {"content": plain})
    peers.plain_file(room / "blobs.json", {"content": peers.sealed(stage, plain)})
    peers.plain_file(room / "batch.json", {"content": peers.sealed(stage, plain, batch=True)})
    opened = f"query('{LOOKUP}', content)"
    variants = [
        variant("plain values", "content", room / "plain.json"),
        variant("one `query`", opened, room / "blobs.json"),
        variant("one `query`, `per_batch`", opened, room / "batch.json"),
    ]
    if peers.has_vars_plugin():
        sealed = stage.room(f"sealed_{len(plain)}")
        peers.sealed_file(stage, sealed / "group_vars" / "all" / "secrets.yml.sealed", {"secrets": named})
        variants.append(Variant(
            "one sealed file, vars plugin", counted("secrets.values()", sum(map(len, plain))), folder=sealed, environment=peers.SEALED_VARIABLES
        ))
    if peers.are_there():
        peers.vault_inline(room / "vaulted.yml", "content", named)
        variants.append(variant("ansible-vault, inline", "content.values()", room / "vaulted.yml"))
    return variants


def _hosts(stage: Stage, hosts: int, each: int) -> list[Variant]:
    plain = {f"name{number}": f"value {number:04}" for number in range(each)}
    total = sum(map(len, plain.values()))

    def variant(name: str, write: Callable[[Any], None], expression: str = "secrets.values()", **more: Any) -> Variant:
        room = stage.room(f"hosts_{hosts}_{len(list(stage.folder.glob(f'hosts_{hosts}_*')))}")
        write(room / "group_vars" / "all")
        return Variant(name, counted(expression, total), folder=room, hosts=hosts, **more)

    blobs = peers.sealed(stage, list(plain.values()))
    lookup = {"blobs": blobs, "opened": "{{ query('" + LOOKUP + "', blobs) }}"}
    variants = [variant("plain values", lambda folder: peers.plain_file(folder / "secrets.yml", {"secrets": plain}))]
    if peers.has_vars_plugin():
        variants.append(variant(
            "one sealed file, vars plugin", lambda folder: peers.sealed_file(stage, folder / "secrets.yml.sealed", {"secrets": plain}),
            environment=peers.SEALED_VARIABLES,
        ))
    once = variant("opened by `set_fact`, once", lambda folder: peers.plain_file(folder / "secrets.yml", lookup), "fact")
    once.tasks.insert(0, {"ansible.builtin.set_fact": {"fact": "{{ opened }}"}, "run_once": True, "no_log": True})
    variants += [once, variant("lookup in a variable", lambda folder: peers.plain_file(folder / "secrets.yml", lookup), "opened")]
    if peers.are_there():
        variants.append(variant("ansible-vault, inline", lambda folder: peers.vault_inline(folder / "secrets.yml", "secrets", plain)))
    return variants


def _asking_hosts(stage: Stage, hosts: int, each: int) -> list[Variant]:
    blobs = dict(enumerate(peers.sealed(stage, [f"value {number:04}" for number in range(each)])))
    seal = {"kms_verify_kms_key_id": peers.ALIAS}
    plays: dict[str, list[dict[str, Any]]] = {
        "`ping`, an empty module": [{"ansible.builtin.ping": {}}],
        f"`awskms_seal_unwrap`, {each} values": [{f"{COLLECTION}.awskms_seal_unwrap": {"blobs": blobs}, "no_log": True}],
        "the role `kms_verify`": [{"ansible.builtin.import_role": {"name": f"{COLLECTION}.kms_verify"}, "vars": seal}],
    }
    folder = stage.room(f"asking_{hosts}")
    return [Variant(name, tasks, folder=folder, hosts=hosts) for name, tasks in plays.items()]
