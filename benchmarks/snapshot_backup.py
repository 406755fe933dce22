# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Memory and time of a backup of a large snapshot: taken from a server, proven, and sent to S3, by the program of the timer in a process of its own.

The server streams a snapshot that a real server would accept; KMS is the strict KMS, S3 is moto behind the strict layer of the tests.
The values of the state cannot be compressed, as a server encrypts them.
Usage: PYTHONPATH=tests:LINK_TREE python benchmarks/snapshot_backup.py [MEBIBYTES [RESULT.md]]
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from licence import LICENCE

from support.ansible_run import collections_path
from support.backup_world import PROGRAM
from support.large_snapshot import write_large
from support.stored_state import StoredState
from support.strict_kms import StrictKms
from support.strict_s3 import StrictS3

STATE = {"initialized": True, "sealed": False, "cluster_id": "c3b0045a-73e7-db73-6eaf-34a27c0ae24f"}


class Server(ThreadingHTTPServer):
    """Says that it is active, and streams the snapshot."""

    daemon_threads = True

    def __init__(self, snapshot: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.snapshot = snapshot
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        if self.path.endswith("/raft/snapshot"):
            with self.server.snapshot.open("rb") as stream:
                shutil.copyfileobj(stream, self.wfile, 1 << 20)
        else:
            leader = {"ha_enabled": True, "is_self": True, "leader_address": ""}
            self.wfile.write(json.dumps(leader if self.path.endswith("/leader") else STATE).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


def measure(folder: Path, kms: StrictKms, options: dict[str, Any]) -> dict[str, Any]:
    """Seconds and peak memory of one run in a fresh directory, and what its status says."""
    dest = folder / f"snapshots-{len(list(folder.iterdir()))}"
    dest.mkdir(mode=0o700)
    config = folder / "backup.json"
    config.write_text(json.dumps({**options, "dest": str(dest), "status_file": str(folder / "status.json"), "token": "a-token"}), encoding="utf-8")
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = folder / "peak"
    peak.unlink(missing_ok=True)
    # A process begins with the memory of the one that it was forked from, so a small one starts it.
    wrapper = Path(__file__).with_name("peak_memory.py")
    code = subprocess.run(
        [sys.executable, str(wrapper), "-c", PROGRAM, str(config)], check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(collections_path()), "PEAK_FILE": str(peak), **kms.environment()},
    ).returncode  # fmt: skip
    status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    assert (code, status["proven"]) == (0, True), status
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(seconds, 1), "processor": round(processor, 1), "peak_mib": int(peak.read_text(encoding="ascii")) >> 10}


def main() -> None:
    mebibytes = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, StrictKms() as kms, StrictS3() as s3:
        folder = Path(name)
        s3.client().create_bucket(Bucket="benchmark")
        for size in (1, mebibytes):
            snapshot = folder / "large.snap"
            state, _entries = write_large(snapshot, StoredState(kms.client(), kms.new_key()), size << 20, compressible=False)
            server = Server(snapshot)
            options: dict[str, Any] = {"server_address": f"http://127.0.0.1:{server.server_port}"}
            row = {"state_mib": state >> 20, "file_mib": snapshot.stat().st_size >> 20}
            rows.append({**row, "what": "taken and proven", **measure(folder, kms, options)})
            print(json.dumps(rows[-1]), flush=True)
            for old in folder.glob("snapshots-*"):
                shutil.rmtree(old)
            options["s3"] = {"bucket": "benchmark", "prefix": f"{size}/", "endpoint": s3.url}
            rows.append({**row, "what": "taken, proven and sent", **measure(folder, kms, options)})
            print(json.dumps(rows[-1]), flush=True)
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(table(rows), encoding="utf-8")


HEAD = """<!--
{licence}-->

# Backups of large snapshots

Written by `benchmarks/snapshot_backup.py`; do not edit. One run of the timer's program in a process of its own: the snapshot is streamed from a server on the
same machine, proven, and sent to moto's S3 in parts of 16 MiB. The values of the state cannot be compressed. *processor* is the processor time of the program
alone; other work on the machine lengthens the seconds.

| state | file | | seconds | processor | peak memory |
|---:|---:|---|---:|---:|---:|
"""


def table(rows: list[dict[str, Any]]) -> str:
    """The rows in Markdown."""
    lines = [
        f"| {row['state_mib']} MiB | {row['file_mib']} MiB | {row['what']} | {row['seconds']} | {row['processor']} | {row['peak_mib']} MiB |" for row in rows
    ]
    return HEAD.replace("{licence}", LICENCE) + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
