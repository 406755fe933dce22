# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The value that a restored server is asked for, and the token to ask with: one of the snapshot, or one that recovery keys make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import as_object
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._temporary_server.server import Answer, TemporaryServer

_TRIES, _PAUSE = 20, 0.5  # of a server that has just become active


@dataclass
class Canary:
    """The secret to request. Only its location and whether it has the expected value are returned."""

    path: str
    name: str
    expected: str = field(repr=False)
    sha256: str
    namespace: str
    token: str = field(repr=False)
    recovery_keys: list[str] = field(repr=False)

    @classmethod
    def asked_for(cls, params: dict[str, Any]) -> Canary:
        """From the module's options; raises :class:`SettingError` for an invalid combination."""
        path, expected, sha256 = params["canary_path"] or "", params["canary_value"] or "", params["canary_sha256"] or ""
        keys = [key for key in params["recovery_keys"] or [] if key]
        if path and not (params["token"] or keys):
            raise _wrong("canary_path requires one of the following: token, recovery_keys.", "Set token to a token in the snapshot, or set recovery_keys.")
        if path and not params["canary_field"]:
            raise _wrong("missing parameter(s) required by 'canary_path': canary_field.", "Set it to the field of the secret.")
        if not path and (params["canary_field"] or expected or sha256):
            raise _wrong("The other canary options require canary_path.", "Set it, for example to kv/data/canary.")
        if expected and sha256:
            raise _wrong("parameters are mutually exclusive: canary_value|canary_sha256.", "Set one of them.")
        return cls(
            path.strip("/"), params["canary_field"] or "", expected, sha256.lower(), params["canary_namespace"] or "", params["token"] or "", keys
        )

    def planned_steps(self) -> list[str]:
        steps = ["generate a root token of the restored server with the recovery keys, to verify them"] if self.recovery_keys else []
        return [*steps, f"read {self.name} of {self.path} and compare it"] if self.path else steps

    def prove_recovery_keys(self, server: TemporaryServer) -> str:
        """Make a root token from them, by the API of generate-root; it goes with the server."""
        attempt = server.call("PUT", "sys/generate-root/attempt", {})
        if attempt.status != 200:
            raise SealError(
                f"The restored server does not accept recovery keys: {attempt.errors()}.", reason="server_refused", remedy="Use token instead."
            )
        begun = attempt.fields("sys/generate-root/attempt")
        nonce, otp, required = begun.text("nonce"), begun.text("otp"), begun.count("required", 255)
        for key in self.recovery_keys:
            answer = server.call("PUT", "sys/generate-root/update", {"key": key, "nonce": nonce})
            if answer.status != 200:
                raise SealError(
                    f"The restored server rejected a recovery key: {answer.errors()}.", reason="recovery_keys_refused",
                    remedy="Use the recovery keys that were valid when the snapshot was taken.",
                )
            update = answer.fields("sys/generate-root/update")
            if update.boolean("complete"):
                self.token = self.token or _revealed(update.text("encoded_token") or update.text("encoded_root_token"), otp)
                return f"{len(self.recovery_keys)} recovery keys generated a root token"
        given = len(self.recovery_keys)
        raise SealError(
            f"The restored server requires {required} recovery keys, but {given} {'was' if given == 1 else 'were'} specified.",
            reason="recovery_keys_refused", remedy="Specify as many as the threshold requires.",
        )

    def read(self, server: TemporaryServer) -> str:
        """Ask for the value and compare."""
        answer = Answer(0, b"")
        for _try in range(_TRIES):
            answer = server.call("GET", self.path, token=self.token, namespace=self.namespace)
            if answer.status and answer.status < 500:
                break
            time.sleep(_PAUSE)
        if answer.status != 200:
            raise SealError(
                f"The canary {self.path} cannot be read from the restored server: {answer.errors()}.", reason="canary_missing",
                remedy="Check that the token was valid when the snapshot was taken and still is, and that the path is an API path, such as kv/data/canary.",
            )
        data = as_object(answer.json().get("data"))
        if isinstance(data.get("data"), dict) and isinstance(data.get("metadata"), dict):
            data = data["data"]  # of a versioned key-value store
        if self.name not in data:
            raise SealError(f"The canary {self.path} has no field {self.name}.", reason="canary_missing", remedy="Check canary_field.")
        text = data[self.name] if isinstance(data[self.name], str) else json.dumps(data[self.name], sort_keys=True)
        if not self._is_expected(text.encode()):
            raise SealError(
                f"The field {self.name} of the canary {self.path} does not have the expected value.", reason="canary_differs",
                remedy="The snapshot is older or newer than the value, or the expected value is wrong.",
            )
        return f"{self.name} of {self.path} " + ("exists" if not (self.expected or self.sha256) else "has the expected value")

    def _is_expected(self, value: bytes) -> bool:
        if self.sha256:
            return hmac.compare_digest(hashlib.sha256(value).hexdigest(), self.sha256)
        return not self.expected or hmac.compare_digest(value, self.expected.encode())


def _revealed(encoded: str, otp: str) -> str:
    """The token, which the server gives combined with its one-time password."""
    try:
        hidden = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
        token = bytes(left ^ right for left, right in zip(hidden, otp.encode())).decode("ascii")
    except ValueError:
        token = ""
    if not token or len(token) != len(otp) or not token.isprintable():
        raise SealError("The restored server returned no root token.", reason="server_refused", remedy="Use token instead.")
    return token


def _wrong(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="invalid_option", remedy=remedy)
