# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two real clusters: the files that vault_init stored for one are never used for the other, nor removed because the other does not know the token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.module_run import finished, start_module
from support.openbao import OpenBao
from support.recovery import Holder
from support.slack import scaled
from support.strict_kms import StrictKms

HOLDER = Holder("ada")


class Cluster:
    """A server, and the files that vault_init wrote for it."""

    def __init__(self, name: str, folder: Path, kms: StrictKms, key: str) -> None:
        self.server = OpenBao(folder / name, kms.environment(), {"kms_key_id": kms.new_key(), "region": "us-east-1"})
        self.files = folder / f"{name}-files"
        self.files.mkdir()
        self.record, self.token = self.files / "shares.json", self.files / "token.sealed"
        self._home, self._environment, self._key = folder, kms.environment(), key

    @property
    def id(self) -> str:
        status = self.server.seal_status()
        assert status
        return str(status["cluster_id"])

    def module(self, name: str, **options: Any) -> dict[str, Any]:
        given = {"server_address": self.server.url, "server_timeout": 3, **options}
        output = start_module(name, given, self._home, self._environment).communicate(timeout=scaled(120))[0].decode()
        assert "Traceback" not in output
        result: dict[str, Any] = json.loads(output)
        return result

    def init(self, files: Path | None = None) -> dict[str, Any]:
        folder = files or self.files
        return self.module(
            "vault_init", recovery_pgp_keys=[HOLDER.public], recovery_threshold=1, dest=str(folder / "shares.json"),
            root_token_dest=str(folder / "token.sealed"), kms_key_id=self._key,
        )

    def revoke(self, src: Path, **options: Any) -> dict[str, Any]:
        return self.module("vault_token_revoke", src=str(src), **options)

    def root_token(self) -> str:
        opened = finished(start_module("awskms_seal_unwrap", {"src": str(self.token), "reveal": True}, self._home, self._environment))
        return str(opened["plaintext"])


@pytest.fixture(scope="module")
def clusters(kms: StrictKms, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Cluster]]:
    folder, key = tmp_path_factory.mktemp("c"), kms.new_key()
    one, two = (Cluster(name, folder, kms, key) for name in ("one", "two"))
    with one.server, two.server:
        for each in (one, two):
            result = each.init()
            assert (result["changed"], result["recorded"], result["cluster_id"]) == (True, True, each.id)
            assert "warnings" not in result
        yield one, two


def test_a_record_names_its_cluster(clusters: tuple[Cluster, Cluster]) -> None:
    for each in clusters:
        record = json.loads(each.record.read_bytes())
        status = each.server.seal_status()
        assert status
        assert (record["cluster_id"], record["cluster_name"]) == (status["cluster_id"], status["cluster_name"])
        assert (each.record.stat().st_mode & 0o777, len(list(each.files.iterdir()))) == (0o600, 2)
        again = each.init()
        assert (again["changed"], again["recorded"], again["cluster_id"], again.get("warnings")) == (False, True, each.id, None)


def test_the_record_of_another_cluster_is_refused(clusters: tuple[Cluster, Cluster]) -> None:
    one, two = clusters
    before = one.record.read_bytes()
    result = two.init(one.files)
    assert (result["failed"], result["reason"], result["recorded"], result["initialized"]) == (True, "wrong_cluster", False, True)
    assert all(each.id in result["msg"] for each in clusters)
    assert one.record.read_bytes() == before


def test_a_record_without_a_cluster_counts_with_a_warning(clusters: tuple[Cluster, Cluster], tmp_path: Path) -> None:
    one, two = clusters
    record = json.loads(one.record.read_bytes())
    for name in ("cluster_id", "cluster_name"):
        del record[name]
    (tmp_path / "shares.json").write_text(json.dumps(record))
    result = two.init(tmp_path)
    assert (result["changed"], result["recorded"], result["cluster_id"]) == (False, True, None)
    assert f'add "cluster_id": "{two.id}"' in json.dumps(result["warnings"]).replace('\\"', '"')


@pytest.mark.parametrize("content", ["", " ", "[]", "{}", "no JSON", '{"recovery_shares": 1}', "[" * 100_000])
def test_a_file_that_is_no_record(clusters: tuple[Cluster, Cluster], tmp_path: Path, content: str) -> None:
    (tmp_path / "shares.json").write_text(content)
    result = clusters[0].init(tmp_path)
    assert (result["changed"], result["recorded"], len(result["warnings"])) == (False, False, 1)


@pytest.mark.fault(
    operation="vault_token_revoke",
    fault="the server belongs to another cluster",
    outcome="`unknown_token`; or `wrong_cluster` if `cluster_id` is set, and the token is not sent to that server. The token stays valid and its file is kept.",
)
def test_a_token_of_another_cluster_is_kept(clusters: tuple[Cluster, Cluster], tmp_path: Path) -> None:
    one, two = clusters
    result = two.revoke(one.token)
    assert (result["failed"], result["reason"], one.token.exists(), two.id in result["msg"]) == (True, "unknown_token", True, True)
    result = two.revoke(one.token, cluster_id=one.id)
    assert (result["failed"], result["reason"], one.token.exists()) == (True, "wrong_cluster", True)
    assert all(each.id in result["msg"] for each in clusters)
    for wrong in ("", "no id", "x" * 200):
        assert two.revoke(one.token, cluster_id=wrong)["reason"] == "invalid_option"
    copy = tmp_path / "copy.sealed"
    copy.write_bytes(one.token.read_bytes())
    result = two.revoke(copy, remove_unknown=True)
    assert (result["changed"], result["was_valid"], copy.exists()) == (True, False, False)
    one.server.token = one.root_token()
    assert one.server.call("GET", "auth/token/lookup-self").json()["data"]["policies"] == ["root"]
    one.server.token = ""


def test_a_sealed_server_does_not_say_its_cluster(clusters: tuple[Cluster, Cluster]) -> None:
    one, _two = clusters
    known = one.id
    one.server.token = one.root_token()
    assert one.server.call("PUT", "sys/seal").status == 204
    one.server.token = ""
    result = one.init()
    assert (result["failed"], result["reason"], result["recorded"]) == (True, "cluster_unknown", False)
    assert one.revoke(one.token, cluster_id=known)["reason"] == "cluster_unknown"
    assert one.revoke(one.token)["reason"] == "server_refused"
    assert one.token.exists()
    one.server.restart()
    one.server.wait_until_active()


@pytest.mark.parametrize("named", [True, False])
def test_a_token_is_revoked_and_its_file_goes(clusters: tuple[Cluster, Cluster], tmp_path: Path, named: bool) -> None:
    cluster = clusters[named]
    copy = tmp_path / "copy.sealed"
    copy.write_bytes(cluster.token.read_bytes())
    given = {"cluster_id": cluster.id} if named else {}
    result = cluster.revoke(cluster.token, **given)
    assert (result["changed"], result["was_valid"], cluster.token.exists()) == (True, True, False)
    # Of a run that was killed after the server had revoked the token, its file is left.
    result = cluster.revoke(copy, **given)
    if named:
        assert (result["changed"], result["was_valid"], copy.exists()) == (True, False, False)
    else:
        assert (result["failed"], result["reason"], copy.exists()) == (True, "unknown_token", True)
