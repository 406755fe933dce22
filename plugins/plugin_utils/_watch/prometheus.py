# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of a watch as Prometheus text, written by prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

from .model import METRICS, Sample


def prometheus_text(samples: Iterable[Sample]) -> str:
    """The text exposition format; raises :class:`SettingError` (``missing_library``) without prometheus_client."""
    try:
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.core import GaugeMetricFamily
    except ImportError as error:
        raise SettingError(
            f"The Python library prometheus_client cannot be imported on the controller ({error}). It writes the metrics for Prometheus.",
            reason="missing_library",
            remedy="Install it for the Python that runs Ansible (pip install prometheus-client), or do without the metrics file; "
            "all other reports work without it.",
        ) from None
    wanted = list(samples)

    class _Samples:
        def collect(self) -> Iterator[Any]:
            for name, text in METRICS.items():
                those = [sample for sample in wanted if sample.metric == name]
                if those:
                    family = GaugeMetricFamily(name, text, labels=[label for label, _value in those[0].labels])
                    for sample in those:
                        family.add_metric([value for _label, value in sample.labels], sample.value)
                    yield family

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Samples())
    return str(generate_latest(registry).decode("utf-8"))
