# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures of this collection beside what users would pick instead, in one run, as ratios.

`python benchmarks/run.py` takes some minutes and writes RESULTS.md beside itself; `--quick` runs everything once, on few
values, and writes nothing: it shows that the benchmark works, and counts the calls to KMS.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from plays import BIN, Stage, Variant  # noqa: E402

from support.strict_kms import StrictKms  # noqa: E402

ALIAS = "alias/vault-unseal"
COLLECTION = "sealwright.vault_seal"
MIB = 1 << 20
LATENCY_MS = 10


def one_task(stage: Stage, repetitions: int) -> list[Variant]:
    """What a task costs to start."""
    variants = [
        Variant("`ping`, an empty module", [{"ansible.builtin.ping": {}}]),
        Variant("`awskms_seal_wrap`", [{f"{COLLECTION}.awskms_seal_wrap": {"kms_key_id": ALIAS, "plaintext": "x"}}]),
        Variant("an empty module with boto3 and one call", [{"one_kms_call": {"kms_key_id": ALIAS}}]),
    ]
    if has_peers():
        variants.append(Variant("`amazon.aws.kms_key_info`", [{"amazon.aws.kms_key_info": {"alias": ALIAS, "endpoint_url": stage.kms.url}}]))
    stage.measure(variants, repetitions)
    return variants


def many_sealed(stage: Stage, repetitions: int, count: int) -> list[Variant]:
    """Sealing many values in one task, and in as many tasks."""
    values = {f"name{number}": f"value {number}" for number in range(count)}
    tasks = max(1, count // 10)
    variants = [
        Variant(f"one task with {count} `values`", [{f"{COLLECTION}.awskms_seal_wrap": {"kms_key_id": ALIAS, "values": values}}]),
        Variant(
            f"{count} tasks ({tasks} measured, times {count // tasks})",
            [{f"{COLLECTION}.awskms_seal_wrap": {"kms_key_id": ALIAS, "plaintext": "{{ item }}"}, "no_log": True,
              "loop": list(values.values())[:tasks]}],
            scale=count / tasks, repetitions=1,
        ),
    ]
    stage.measure(variants, repetitions)
    return variants


def many_opened(stage: Stage, repetitions: int, count: int) -> list[Variant]:
    """The same play with plain values, with ours, and with what else there is."""
    folder = stage.folder
    plain = [f"value {number}" for number in range(count)]
    blobs = sealed(stage, plain)
    total = sum(map(len, plain))

    def play(name: str, expression: str, variables: str, **more: Any) -> Variant:
        counted = f"{expression} | map('length') | sum == {total}"
        return Variant(name, [{"ansible.builtin.assert": {"that": counted}, "no_log": True}], str(folder / variables), **more)

    (folder / "plain.json").write_text(json.dumps({"plain": plain}), encoding="utf-8")
    (folder / "blobs.json").write_text(json.dumps({"blobs": blobs}), encoding="utf-8")
    variants = [
        play("plain values", "plain", "plain.json"),
        play("one `query` of this collection", f"query('{COLLECTION}.awskms_seal_unwrap', blobs)", "blobs.json"),
    ]
    if has_peers():
        inline_vault(folder, plain)
        sops_files(stage, plain)
        variants.append(play("ansible-vault, inline values", "vaulted", "vaulted.yml"))
        variants.append(play("community.sops, one file per secret", "query('community.sops.sops', *files)", "files.json", repetitions=1))
    stage.measure(variants, repetitions)
    return variants


def sealed(stage: Stage, plain: list[str]) -> list[str]:
    from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.connection import ConnectionOptions
    from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.kms import open_kms
    from ansible_collections.sealwright.vault_seal.plugins.module_utils.seal.sealer import wrap_many

    admin = stage.kms.admin
    kms = open_kms(
        ConnectionOptions(region="us-east-1", access_key=admin.access_key, secret_key=admin.secret_key, endpoint=stage.kms.url)
    )
    return [base64.b64encode(found.value.encode()).decode() for found in wrap_many(kms, ALIAS, [text.encode() for text in plain])]


def inline_vault(folder: Path, plain: list[str]) -> None:
    """The values as ansible-vault encrypt_string writes them."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    vault = VaultLib([("default", VaultSecret(b"benchmark"))])
    entries = []
    for text in plain:
        lines = vault.encrypt(text.encode()).decode().splitlines()
        entries.append("  - !vault |\n" + "".join(f"    {line}\n" for line in lines))
    (folder / "vaulted.yml").write_text("vaulted:\n" + "".join(entries), encoding="utf-8")


def sops_files(stage: Stage, plain: list[str]) -> None:
    """One file per secret, each under a data key of its own, by the sops command."""
    key = stage.kms.client().describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"]
    files = []
    for number, text in enumerate(plain):
        path = stage.folder / f"secret{number}"
        path.write_text(text, encoding="utf-8")
        files.append(str(path) + ".sops")
        subprocess.run(
            [BIN / "sops", "encrypt", "--kms", key, "--input-type", "binary", "--output-type", "binary", "--output", files[-1], path],
            env=stage.environment(), check=True, capture_output=True, timeout=60,
        )
    (stage.folder / "files.json").write_text(json.dumps({"files": files}), encoding="utf-8")


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
        task = {f"{COLLECTION}.awskms_seal_wrap": {
            "kms_key_id": ALIAS, "src": str(stage.folder / "big"), "dest": str(stage.folder / "big.sealed"), "format": "binary", "force": True,
        }}
        measured = {**task, "vars": {"ansible_python_interpreter": str(interpreter)}}
        stage.play(Variant("memory", [measured]), {"PEAK_FILE": str(peak_file)})
        peaks.append(max(int(line) for line in peak_file.read_text(encoding="ascii").split()) * 1024)
    return {"size": size, "of_one_byte": peaks[0], "of_all": peaks[1], "times": (peaks[1] - peaks[0]) / size}


def has_peers() -> bool:
    """Whether what it is compared with is there (the environment of `make bench` has it)."""
    return (BIN / "sops").exists() and shutil.which("ansible-community", path=str(BIN)) is not None


def table(variants: list[Variant], aims: dict[int, str]) -> str:
    lines = ["| | seconds | spread | ratio | calls to KMS | aim |", "|---|---:|---:|---:|---:|---|"]
    base = variants[0].median
    for index, variant in enumerate(variants):
        spread = f"±{variant.spread:.0%}" if len(variant.seconds) > 1 else "one run"
        calls = round(variant.calls * variant.scale)
        lines.append(f"| {variant.name} | {variant.median:.2f} | {spread} | {variant.median / base:.2f} | {calls} | {aims.get(index, '')} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything once, on few values; writes nothing")
    quick = parser.parse_args().quick
    repetitions, count, size = (1, 20, MIB) if quick else (7, 500, 16 * MIB)
    with tempfile.TemporaryDirectory(prefix="vault-seal-bench-") as name, StrictKms(latency_ms=LATENCY_MS) as kms:
        kms.new_key(alias=ALIAS)
        stage = Stage(Path(name), kms)
        starts = one_task(stage, repetitions)
        wrapped = many_sealed(stage, min(repetitions, 3), count)
        opened = many_opened(stage, min(repetitions, 5), count)
        peak = memory(stage, size)
    own = json.loads(subprocess.run([sys.executable, HERE / "own_work.py"], check=True, capture_output=True, text=True, timeout=300).stdout)
    text = report(starts, wrapped, opened, own, peak, count)
    print(text)
    if not quick:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    return 0


def report(starts: list[Variant], wrapped: list[Variant], opened: list[Variant], own: dict[str, float], peak: dict[str, float], count: int) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("ansible-core", "botocore", "cryptography"))
    work = "\n".join(f"| {name} | {value:.1f} | {'15' if name in ('wrap', 'unwrap') else ''} |" for name, value in own.items())
    return f"""<!--
Copyright (c) 2026, the sealwright.vault_seal authors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Figures

Written by `make bench`; do not edit. Each table is one run, its variants in turn; medians, and the ratio to the first line. The KMS answers after
{LATENCY_MS} ms, on the same machine. Python {platform.python_version()}, {versions}, {os.cpu_count()} cores.

## One task

{table(starts, {1: 'at most 1.6'})}

## Sealing {count} values

{table(wrapped, {})}

## Opening {count} values

{table(opened, {1: 'at most 1.5'})}

## Own work for each value, beside KMS

| | microseconds | aim: at most |
|---|---:|---:|
{work}

## Memory

Sealing a file of {peak['size'] // MIB} MiB into a binary `dest` takes {(peak['of_all'] - peak['of_one_byte']) / MIB:.0f} MiB more than sealing one byte:
{peak['times']:.1f} times its size (aim: at most 4).
"""


if __name__ == "__main__":
    sys.exit(main())
