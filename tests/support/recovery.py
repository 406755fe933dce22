# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holders of recovery shares: their OpenPGP keys, and a new root token generated from the shares that they decrypt.

`python -m support.recovery make FOLDER NAME...` makes a key for each, NAME.asc and NAME.key. `python -m support.recovery root ADDRESS RECORD FOLDER NAME...`
has them decrypt their shares of the record that the module vault_init wrote, and prints the root token that the server makes of them.
"""

from __future__ import annotations

import base64
import json
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pysequoia

from .slack import scaled


class Holder:
    """One person with a key."""

    def __init__(self, name: str, key: Any = None) -> None:
        self.name = name
        self._key = key or pysequoia.Tsk.generate(user_id=f"{name} <{name}@example.org>")

    @classmethod
    def read(cls, folder: Path, name: str) -> Holder:
        return cls(name, pysequoia.Tsk.from_file(str(folder / f"{name}.key")))

    def write(self, folder: Path) -> None:
        (folder / f"{self.name}.asc").write_text(self.public, encoding="ascii")
        (folder / f"{self.name}.key").write_bytes(bytes(self._key))

    @property
    def public(self) -> str:
        """The armoured public key."""
        return str(self._key.extract_certificate())

    @property
    def certificate(self) -> Any:
        """What others encrypt to."""
        return self._key.extract_certificate()

    @property
    def fingerprint(self) -> str:
        return str(self._key.extract_certificate().fingerprint).upper()

    def decrypt(self, message: str) -> str:
        """What stands in a message in base64."""
        opened = pysequoia.decrypt(decryptor=self._key.decryptor(), bytes=base64.b64decode(message))
        return bytes(opened.bytes).decode()

    def share(self, record: dict[str, Any]) -> str:
        """This person's recovery share, in clear."""
        return self.decrypt(next(each["share"] for each in record["recovery_shares"] if each["fingerprint"] == self.fingerprint))


def new_root_token(address: str, shares: Sequence[str]) -> str:
    """Have the server make a root token of recovery shares: only the right ones do."""
    begun = _put(f"{address}/v1/sys/generate-root/attempt", {})
    answer = begun
    for share in shares:
        answer = _put(f"{address}/v1/sys/generate-root/update", {"nonce": begun["nonce"], "key": share})
    encoded = answer["encoded_token"]
    token = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    return bytes(left ^ right for left, right in zip(token, begun["otp"].encode())).decode()


def _put(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="PUT")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=scaled(60)) as answer:
        content: dict[str, Any] = json.loads(answer.read())
    return content


def main() -> int:
    command, *rest = sys.argv[1:]
    if command == "make":
        folder = Path(rest[0])
        folder.mkdir(exist_ok=True, mode=0o700)
        for name in rest[1:]:
            Holder(name).write(folder)
    else:
        address, record_file, keys, *names = rest
        record = json.loads(Path(record_file).read_text(encoding="utf-8"))
        print(new_root_token(address, [Holder.read(Path(keys), name).share(record) for name in names]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
