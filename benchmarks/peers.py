# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same values as each way to keep secrets has them: this collection, ansible-vault, community.sops and the aws command."""

from __future__ import annotations

import base64
import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.client import BotoKms, open_kms
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.options import ConnectionOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.wrap import wrap_batch, wrap_many
from plays import BIN, COLLECTION, Stage

ALIAS = "alias/vault-unseal"
SOPS_VARIABLES = {"ANSIBLE_VARS_ENABLED": "host_group_vars,community.sops.sops"}
SEALED_VARIABLES = {"ANSIBLE_VARS_ENABLED": f"host_group_vars,{COLLECTION}.awskms_seal"}
_VAULT = VaultLib([("default", VaultSecret(b"benchmark"))])


def are_there() -> bool:
    """Whether what it is compared with is there (the environment of `make bench` has it)."""
    return all((BIN / command).exists() for command in ("sops", "aws", "ansible-community"))


@functools.cache
def kms_of(stage: Stage) -> BotoKms:
    admin = stage.kms.admin
    return open_kms(
        ConnectionOptions(region="us-east-1", access_key=admin.access_key, secret_key=admin.secret_key, endpoint=stage.kms.url)
    )


def sealed(stage: Stage, plain: Sequence[str], batch: bool = False) -> list[str]:
    """The values, each sealed by itself, or all under one data key."""
    result = (wrap_batch if batch else wrap_many)(kms_of(stage), ALIAS, [text.encode() for text in plain])
    return [base64.b64encode(one.value.encode()).decode() for one in result]


def sealed_file(stage: Stage, path: Path, content: Mapping[str, Any]) -> None:
    """A file of variables as the vars plugin of this collection opens it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sealed(stage, [json.dumps(content)])[0] + "\n", encoding="ascii")


def plain_file(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def vault_file(path: Path, content: Mapping[str, Any]) -> None:
    """The whole file as ansible-vault encrypts it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_VAULT.encrypt(json.dumps(content)))


def vault_inline(path: Path, name: str, plain: Mapping[str, str]) -> None:
    """A dictionary of values, each as ansible-vault encrypt_string writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = []
    for key, text in plain.items():
        lines = _VAULT.encrypt(text).decode().splitlines()
        entries.append(f"  {key}: !vault |\n" + "".join(f"    {line}\n" for line in lines))
    path.write_text(f"{name}:\n" + "".join(entries), encoding="utf-8")


def vault_password_client(stage: Stage) -> dict[str, str]:
    """The environment for a vault password that KMS keeps: a client script that asks for it."""
    wrapped = base64.b64encode(kms_of(stage).encrypt(ALIAS, b"benchmark").ciphertext).decode()
    script = stage.folder / "password-client"
    script.write_text(
        f"#!{sys.executable}\nimport base64, os\nimport boto3\n"
        "kms = boto3.client('kms', region_name=os.environ['AWS_REGION'], endpoint_url=os.environ['AWS_KMS_ENDPOINT'])\n"
        f"print(kms.decrypt(CiphertextBlob=base64.b64decode('{wrapped}'))['Plaintext'].decode())\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    return {"ANSIBLE_VAULT_PASSWORD_FILE": str(script)}


def sops_file(stage: Stage, path: Path, content: str, kind: str = "json") -> None:
    """A file as the sops command encrypts it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = stage.kms.client().describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"]
    source = path.with_name("source")
    source.write_text(content, encoding="utf-8")
    subprocess.run(
        [BIN / "sops", "encrypt", "--kms", key, "--input-type", kind, "--output-type", kind, "--output", path, source],
        env=stage.environment(), check=True, capture_output=True, timeout=60,
    )
    source.unlink()


def aws_pipe(stage: Stage, plain: Sequence[str]) -> list[str]:
    """Commands that open each value, which KMS encrypted itself, by the aws command."""
    commands = []
    for number, text in enumerate(plain):
        path = stage.folder / f"direct{number}"
        path.write_bytes(kms_of(stage).encrypt(ALIAS, text.encode()).ciphertext)
        question = f"aws kms decrypt --region us-east-1 --endpoint-url {stage.kms.url} --ciphertext-blob fileb://{path} --query Plaintext --output text"
        commands.append(f"{question} | base64 --decode")
    return commands


def has_vars_plugin() -> bool:
    """Whether this collection opens files of variables."""
    return os.path.exists(Path(__file__).parents[1] / "plugins" / "vars" / "awskms_seal.py")
