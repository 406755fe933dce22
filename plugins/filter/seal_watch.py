# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the role seal_watch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError


def seal_watch(
    hosts: Sequence[Mapping[str, Any]],
    previous: str = "",
    limits: Mapping[str, Any] | None = None,
    now: float | None = None,
    lost: Sequence[str] = (),
    asked: Sequence[str] = (),
) -> dict[str, Any]:
    """Documented in seal_watch.yml."""
    # Imported here, because Ansible imports all filters of a collection with the first one that is used.
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._filter_errors import filter_errors
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.seal_watch import watch
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._watch.junit import junit_xml
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._watch.model import Limits
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._watch.table import table

    # ansible-core 2.18 and earlier makes a dictionary of a text that looks like one.
    former = json.dumps(previous) if isinstance(previous, Mapping) else str(previous or "")
    with filter_errors("seal_watch: the input must be a list of hosts with module results, as the role seal_watch collects them"):
        everyone = [*hosts, *(_lost(name, asked) for name in lost)]
        report = watch(everyone, time.time() if now is None else float(now), former, Limits.of(limits or {}))
    return {
        "worst": report.worst(),
        "findings": [finding.as_result() for finding in report.findings],
        "metrics": [sample.as_result() for sample in report.samples],
        "state": report.state,
        "table": table(report.hosts, report.findings),
        "junit": junit_xml(report.hosts, tuple(finding.msg for finding in report.findings if not finding.host)),
    }


def _lost(name: str, asked: Sequence[str]) -> dict[str, Any]:
    failed = {"reason": "host_failed", "summary": "The play lost this host before the watch.", "remedy": "See the output of the play."}
    return {"host": name, "asked": list(asked), "failed": failed}


def seal_watch_keys(host: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Documented in seal_watch_keys.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.seal_watch import keys_to_ask

    return keys_to_ask(host)


def seal_watch_replicas(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Documented in seal_watch_replicas.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._reports.seal_watch import replicas_to_ask

    return replicas_to_ask(results)


def seal_watch_prometheus(metrics: Sequence[Mapping[str, Any]]) -> str:
    """Documented in seal_watch_prometheus.yml."""
    from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._watch.model import METRICS, Sample
    from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._watch.prometheus import prometheus_text

    try:
        samples = [
            Sample(str(each["name"]), tuple((str(name), str(value)) for name, value in each["labels"].items()), float(each["value"])) for each in metrics
        ]
        strange = sorted({sample.metric for sample in samples} - set(METRICS))
        if strange:
            raise ValueError(f"{strange[0]!r} is not a metric of the watch")
        return prometheus_text(samples)
    except SealError as error:
        raise AnsibleFilterError(f"seal_watch_prometheus: {error}") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(
            f"seal_watch_prometheus: the input must be the metrics that the filter seal_watch returns ({type(error).__name__}: {error})."
        ) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "seal_watch": seal_watch,
            "seal_watch_keys": seal_watch_keys,
            "seal_watch_prometheus": seal_watch_prometheus,
            "seal_watch_replicas": seal_watch_replicas,
        }
