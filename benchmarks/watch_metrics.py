# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Series and bytes of the metrics of the watch, and the time and memory of judging and writing them, for many hosts.

The results are those of a healthy host with all checks, as the unit tests of the watch have them; memory is that of this process above the results themselves.
Usage: PYTHONPATH=LINK_TREE python benchmarks/watch_metrics.py [HOSTS]
"""

from __future__ import annotations

import json
import sys
import time
import tracemalloc

from ansible_collections.sealwright.vault_seal.plugins.filter.seal_watch import seal_watch, seal_watch_prometheus
from ansible_collections.sealwright.vault_seal.tests.unit.plugins.plugin_utils._reports.test_seal_watch import NOW, node


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    hosts = [{**node(), "host": f"vault{number}.example.com"} for number in range(count)]
    begun = time.process_time()
    found = seal_watch(hosts, now=NOW)
    judged = time.process_time()
    text = seal_watch_prometheus(found["metrics"])
    written = time.process_time()
    tracemalloc.start()
    again = seal_watch(hosts, now=NOW, previous=json.dumps(found["state"]))
    seal_watch_prometheus(again["metrics"])
    peak = tracemalloc.get_traced_memory()[1]
    series = [line for line in text.splitlines() if not line.startswith("#")]
    print(f"hosts {count}, series {len(series)} ({len(series) / count:.1f} for each), bytes {len(text.encode())}")
    print(f"CPU time of judging {judged - begun:.2f} s, of writing {written - judged:.2f} s, peak memory {peak / 2**20:.0f} MiB")
    print(f"state {len(json.dumps(found['state']))} bytes")


if __name__ == "__main__":
    main()
