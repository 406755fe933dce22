# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Partitions of AWS, and which endpoints are theirs."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal import partitions as file
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.partitions import partition_of_endpoint, partition_of_region, partitions


@pytest.mark.parametrize(("region", "suffix", "partition"), [
    ("us-east-1", "amazonaws.com", "aws"),
    ("mx-central-1", "api.aws", "aws"),
    ("us-gov-west-1", "amazonaws.com", "aws-us-gov"),
    ("us-gov-west-1", "api.aws", "aws-us-gov"),
    ("cn-north-1", "amazonaws.com.cn", "aws-cn"),
    ("cn-north-1", "api.amazonwebservices.com.cn", "aws-cn"),
    ("eusc-de-east-1", "amazonaws.eu", "aws-eusc"),
    ("us-iso-east-1", "c2s.ic.gov", "aws-iso"),
    ("us-isob-east-1", "sc2s.sgov.gov", "aws-iso-b"),
    ("eu-isoe-west-1", "cloud.adc-e.uk", "aws-iso-e"),
    ("us-isof-south-1", "csp.hci.ic.gov", "aws-iso-f"),
    ("xx-new-1", "amazonaws.com", ""),
    ("us-east-1", "example.com", ""),
])
def test_endpoints(region: str, suffix: str, partition: str) -> None:
    assert partition_of_endpoint(region, suffix) == partition
    assert partition_of_region(region) == (partition or ("aws" if region == "us-east-1" else ""))


@pytest.mark.parametrize("content", [
    "", "{}", '{"partitions": [{}]}', '{"partitions": [{"id": "x", "outputs": {"dnsSuffix": "x"}, "regionRegex": "("}]}', None,
])
def test_without_the_data_of_botocore_the_table_serves(content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    if content is not None:
        (tmp_path / "data" / "partitions.json").write_text(content, encoding="utf-8")
    result = None if content is None else SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(file, "find_spec", lambda _name: result)
    partitions.cache_clear()
    try:
        assert partition_of_endpoint("eusc-de-east-1", "amazonaws.eu") == "aws-eusc"
    finally:
        partitions.cache_clear()


def test_what_botocore_knows_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    new = {"id": "aws-new", "outputs": {"dnsSuffix": "aws.new", "dualStackDnsSuffix": "api.aws.new"}, "regionRegex": r"^xx\-\w+\-\d+$"}
    (tmp_path / "data" / "partitions.json").write_text(json.dumps({"partitions": [new]}), encoding="utf-8")
    monkeypatch.setattr(file, "find_spec", lambda _name: SimpleNamespace(origin=str(tmp_path / "__init__.py")))
    partitions.cache_clear()
    try:
        assert partition_of_region("xx-new-1") == partition_of_endpoint("xx-new-1", "api.aws.new") == "aws-new"
    finally:
        partitions.cache_clear()
