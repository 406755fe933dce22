# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request to KMS: faults, signature, operation, journal; and the control paths below /_strict/."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from moto.iam.models import iam_backends
from moto.kms import models as kms_models
from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse
from moto.kms.utils import generate_private_key
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from .errors import AwsError, ResetConnection
from .faults import Faults
from .journal import Journal
from .operations import Operations
from .signature import ACCOUNT, PARTITION, verify

_TARGET = "TrentService."
_CONTROL = "/_strict/"
_FULL_RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Application:
    """Answer requests; raises ResetConnection if a rule requires it."""

    def __init__(self, journal_file: str = "", latency: float = 0.0) -> None:
        """:param latency: the minimum duration of every call to KMS, in seconds."""
        self.journal = Journal(journal_file)
        self.faults = Faults()
        self._latency = latency
        self._moto = Client(DomainDispatcherApplication(create_backend_app))
        self._operations = Operations(self._ask_moto)
        # The layer has found the key before moto is asked, and moto does not know the ids of multi-Region keys.
        for check in ("_validate_cmk_id", "_validate_key_id", "_validate_alias"):
            setattr(KmsResponse, check, lambda *_: None)
        # moto makes an RSA key for symmetric keys too, which takes most of the time of CreateKey: one serves them all.
        unused = generate_private_key("SYMMETRIC_DEFAULT")
        vars(kms_models)["generate_private_key"] = lambda spec: unused if spec == "SYMMETRIC_DEFAULT" else generate_private_key(spec)
        self._admin = self.new_user("admin", _FULL_RIGHTS)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """:param headers: by lower-case names."""
        if path.startswith(_CONTROL):
            return self._control(path[len(_CONTROL) :], json.loads(body or b"{}"))
        target = headers.get("x-amz-target", "")
        if not target.startswith(_TARGET):
            response = self._moto.open(path, method=method, headers=list(headers.items()), data=body)
            return Answer(response.status_code, dict(response.headers), response.get_data())
        if self._latency:
            time.sleep(self._latency)
        return self._kms(target[len(_TARGET) :], method, path, headers, body)

    def _kms(self, operation: str, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        call: dict[str, Any] = {"time": time.time(), "operation": operation, "agent": headers.get("user-agent", ""), "host": headers.get("host", "")}
        try:
            parameters = _parameters(body)
            call["key"] = parameters.get("KeyId") or parameters.get("DestinationKeyId") or ""
            call["parameters"] = sorted(parameters)
            self.faults.before(operation, call["key"])
            now = datetime.now(timezone.utc) + timedelta(seconds=self.faults.clock_offset(operation, call["key"]))
            principal = verify(headers, method, path, body, now)
            call.update(principal=principal.arn, region=principal.region)
            result = self._operations.run(operation, parameters, principal)
        except AwsError as error:
            call.update(status=error.status, error=error.code)
            self.journal.add(call)
            # AccessDeniedException writes Message with a capital, as AWS does.
            name = "Message" if error.code == "AccessDeniedException" else "message"
            return _json(error.status, {"__type": error.code, **({name: error.message} if error.message else {})})
        except ResetConnection:
            call.update(status=0, error="reset")
            self.journal.add(call)
            raise
        call.update(status=200, answered=result.get("KeyId", ""))
        self.journal.add(call)
        return _json(200, result)

    def _ask_moto(self, operation: str, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        scope = f"AWS4-HMAC-SHA256 Credential=strict/20200101/{region}/kms/aws4_request, SignedHeaders=host, Signature=0"
        response = self._moto.post(
            "/",
            headers={"X-Amz-Target": _TARGET + operation, "Authorization": scope, "Host": f"kms.{region}.amazonaws.com",
                     "Content-Type": "application/x-amz-json-1.1"},
            data=json.dumps(parameters),
        )
        content: dict[str, Any] = json.loads(response.get_data() or b"{}") or {}
        if response.status_code >= 300:
            raise AwsError(content.get("__type", "KMSInternalException").rsplit("#", 1)[-1], content.get("message") or content.get("Message") or "")
        return content

    def _control(self, name: str, values: dict[str, Any]) -> Answer:
        if name == "admin":
            return _json(200, self._admin)
        if name == "principal":
            new = self.new_role if values.get("role") else self.new_user
            return _json(200, new(f"p-{uuid.uuid4().hex[:12]}", values["policy"], values["account"]))
        if name == "policy":
            self.set_policy(values["arn"], values["policy"])
        elif name == "fault":
            self.faults.add(**values)
        elif name == "faults/clear":
            self.faults.clear()
        elif name == "calls":
            return _json(200, self.journal.calls(values.get("operation") or ""))
        elif name == "counts":
            return _json(200, Counter(call["operation"] for call in self.journal.calls() if call["status"] == 200))
        elif name == "calls/clear":
            self.journal.clear()
        elif name == "latency":
            self._latency = float(values["seconds"])
        elif name == "rotation":
            self._operations.rotation_seconds = float(values["seconds"])
        elif name == "key":
            self._set_key_state(values["arn"], values["state"], values.get("valid_to"))
        else:
            return _json(404, {"message": f"no control path {name}"})
        return _json(200, {})

    def new_user(self, name: str, policy: dict[str, Any] | None, account: str = ACCOUNT) -> dict[str, str]:
        """A fresh IAM user with an access key and just this policy."""
        iam = iam_backends[account][PARTITION]
        user = iam.create_user(region_name="us-east-1", user_name=name)
        if policy:
            iam.put_user_policy(name, "only", json.dumps(policy))
        key = iam.create_access_key(name, "AKIA")
        return {"access_key": key.access_key_id, "secret_key": key.secret_access_key, "arn": user.arn}

    def new_role(self, name: str, policy: dict[str, Any] | None, account: str = ACCOUNT) -> dict[str, str]:
        """A fresh IAM role with just this policy, for STS to assume."""
        iam = iam_backends[account][PARTITION]
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
        role = iam.create_role(
            role_name=name, assume_role_policy_document=json.dumps(trust), path="/", permissions_boundary=None, description="",
            tags=[], max_session_duration="3600",
        )
        if policy:
            iam.put_role_policy(name, "only", json.dumps(policy))
        return {"access_key": "", "secret_key": "", "arn": role.arn}

    def set_policy(self, arn: str, policy: dict[str, Any]) -> None:
        """Replace the policy of a user made here."""
        iam_backends[arn.split(":")[4]][PARTITION].put_user_policy(arn.rsplit("/", 1)[-1], "only", json.dumps(policy))

    def _set_key_state(self, arn: str, state: str, valid_to: float | None) -> None:
        """Bring a key into a state that only events outside of the API lead to, such as Unavailable or imported."""
        region, key_id = arn.split(":")[3], arn.rsplit("/", 1)[-1]
        key = kms_backends[ACCOUNT][region].keys[key_id]
        key.key_state, key.enabled = state, state == "Enabled"
        if valid_to:
            self._operations.valid_to[arn] = valid_to


def _parameters(body: bytes) -> dict[str, Any]:
    try:
        parameters = json.loads(body or b"{}")
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise AwsError("SerializationException")
    return parameters


def _json(status: int, content: Any) -> Answer:
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": str(uuid.uuid4())}
    return Answer(status, headers, json.dumps(content).encode())
