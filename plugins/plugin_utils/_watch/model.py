# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a watch of seals reports: findings for people, samples for a time series database, and what the next watch has to know."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.key_map import plain

CRITICAL, WARNING, UNKNOWN, OK = "critical", "warning", "unknown", "ok"
SEVERITIES = (CRITICAL, UNKNOWN, WARNING)
"""The worst first. What is unknown may be critical."""

PERMISSIONS, KEYS, SETTINGS, SERVER, DRIFT = "permissions", "keys", "settings", "server", "drift"
ROTATION, REPLICAS, SNAPSHOT, DRILL, FILES, STATE = "rotation", "replicas", "snapshot", "drill", "files", "state"
CHECKS = (PERMISSIONS, KEYS, ROTATION, REPLICAS, SETTINGS, SERVER, DRIFT, SNAPSHOT, DRILL, FILES)

MAX_TEXT = 500
"""Characters of a label or of a part of a message that comes from a host."""

# Metric -> help. All are gauges; the label `host` comes first.
METRICS = {
    "vault_seal_watch_timestamp_seconds": "When the watch ran, in seconds since the epoch.",
    "vault_seal_host_up": "Whether the watch reached the host.",
    "vault_seal_check_up": "Whether a check of the watch had a result: 0 means that nothing is known, not that all is well.",
    "vault_seal_findings": "The number of findings of a severity.",
    "vault_seal_key_state": "1 for the state of the KMS key, as AWS names it, a reason such as not_found, or unknown.",
    "vault_seal_key_deletion_timestamp_seconds": "When KMS deletes the key. Absent if no deletion is scheduled.",
    "vault_seal_key_material_expiry_timestamp_seconds": "When imported key material expires. Absent if it does not expire.",
    "vault_seal_key_rotation_status": "1 for the automatic rotation of the key: on, off, unsupported or unknown.",
    "vault_seal_key_last_rotation_timestamp_seconds": "The last rotation of the key. Absent if it was never rotated.",
    "vault_seal_key_next_rotation_timestamp_seconds": "The next automatic rotation of the key.",
    "vault_seal_key_replica_state": "1 for the state of the related multi-Region key in another region, or unknown.",
    "vault_seal_key_dependents": "The number of seals, snapshots or sealed files that depend on the key.",
    "vault_seal_permission_verdict": "1 for the verdict of a judge on a permission: allowed, denied, failed or unknown.",
    "vault_seal_config_valid": "Whether the server would start with the seal that its configuration has now. Absent if it could not be read.",
    "vault_seal_drift": "1 for the result of a comparison: none, drift or unknown.",
    "vault_seal_server_state": "1 for the state of the server: unsealed, sealed, uninitialized, unreachable or unknown.",
    "vault_seal_server_info": "The seal type of the running server, its version, and the key that its settings name.",
    "vault_seal_snapshot_status": "1 for whether the newest snapshot is proven: proven, not_proven, none, standby or unknown.",
    "vault_seal_snapshot_newest_timestamp_seconds": "The time of the newest snapshot; 0 if there is none.",
    "vault_seal_snapshot_proven_timestamp_seconds": "The time of the newest proven snapshot; 0 if none is known.",
    "vault_seal_drill_status": "1 for the result of the last restore drill: passed, failed, none or unknown.",
    "vault_seal_drill_timestamp_seconds": "The time of the last restore drill; 0 if none is known.",
    "vault_seal_drill_passed_timestamp_seconds": "The time of the last restore drill that passed; 0 if none is known.",
    "vault_seal_sealed_files": "The number of sealed files by key, and whether that is the key of the seal: current, stale, unreadable or unknown.",
}


@dataclass(frozen=True)
class Finding:
    """One thing that needs attention. ``kms_key`` is empty if no key is concerned."""

    host: str
    check: str
    severity: str
    reason: str
    msg: str
    remedy: str = ""
    kms_key: str = ""

    def as_result(self) -> dict[str, Any]:
        return {**vars(self), "kms_key": self.kms_key or None}


@dataclass(frozen=True)
class Sample:
    """One value of a metric, with its labels in order."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    value: float

    def as_result(self) -> dict[str, Any]:
        return {"name": self.metric, "labels": dict(self.labels), "value": self.value}


@dataclass(frozen=True)
class Limits:
    """Ages from which something is a finding, in hours and days."""

    snapshot_hours: float = 24
    drill_days: float = 30
    change_hours: float = 24

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Limits:
        """Raises ValueError for a name or a number that is invalid."""
        known = set(cls.__dataclass_fields__)
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"there is no limit {name}; the limits are {', '.join(sorted(known))}")
            if not (math.isfinite(float(value)) and float(value) > 0):
                raise ValueError(f"the limit {name} must be a number above 0, not {value!r}")
        return cls(**{name: float(value) for name, value in values.items()})


@dataclass
class HostReport:
    """Collects what the checks of one host find."""

    host: str
    now: float
    limits: Limits = field(default_factory=Limits)
    findings: list[Finding] = field(default_factory=list)
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], Sample] = field(default_factory=dict)
    up: dict[str, bool] = field(default_factory=dict)

    def find(self, check: str, severity: str, reason: Any, msg: Any, remedy: Any = "", kms_key: str = "") -> None:
        self.findings.append(
            Finding(self.host, check, severity, clean(reason or "unknown"), clean(msg, 4 * MAX_TEXT), clean(remedy or "", 4 * MAX_TEXT), clean(kms_key))
        )

    def unknown(self, check: str, reason: Any, msg: Any, remedy: Any = "", kms_key: str = "") -> None:
        """A check, or a part of it, without a result."""
        self.up[check] = False
        self.find(check, UNKNOWN, reason, msg, remedy, kms_key)

    def known(self, check: str) -> None:
        """A check with a result, unless another part of it had none."""
        self.up.setdefault(check, True)

    def sample(self, metric: str, value: float, **labels: Any) -> None:
        """A value. The last one of a metric with the same labels counts."""
        if metric not in METRICS:
            raise KeyError(metric)
        pairs = (("host", self.host), *((name, clean(text)) for name, text in labels.items()))
        self.samples[(metric, pairs)] = Sample(metric, pairs, float(value))

    def verdict(self, check: str) -> str:
        """The worst severity of a check."""
        severities = {finding.severity for finding in self.findings if finding.check == check}
        return next((severity for severity in SEVERITIES if severity in severities), OK)


def clean(text: Any, longest: int = MAX_TEXT) -> str:
    """A text without control and format characters and what XML does not allow, shortened."""
    whole = plain(text if isinstance(text, str) else str(text)[: 2 * longest]).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    return whole if len(whole) <= longest else whole[: longest - 3] + "..."


def seconds(value: Any) -> float | None:
    """A time as seconds since the epoch: a number, ``@`` and a number as systemctl shows it, or ISO 8601 with a time zone. None if it is neither."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value) if 0 <= value < 1e11 else None
    try:
        text = str(value)[:64].strip()
        if re.fullmatch(r"@?[0-9]{1,11}(\.[0-9]+)?", text):
            return seconds(float(text.lstrip("@")))  # Jinja makes a text of a number
        parsed = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
    except ValueError:
        return None
    return parsed.timestamp() if parsed.tzinfo and parsed.year >= 1970 else None


def date(value: float) -> str:
    """A time for people, in UTC."""
    return datetime.fromtimestamp(value, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def age(value: float) -> str:
    """A number of seconds for people."""
    if value < 2 * 3600:
        return f"{max(0, int(value // 60))} min"
    return f"{int(value // 3600)} h" if value < 2 * 86400 else f"{int(value // 86400)} d"


def mappings(values: Any) -> Iterable[Mapping[str, Any]]:
    """The dictionaries of a list; anything else is a TypeError, as a host can return what it likes."""
    if values is None:
        return ()
    if not isinstance(values, (list, tuple)) or not all(isinstance(value, Mapping) for value in values):
        raise TypeError("a list of dictionaries was expected")
    return values
