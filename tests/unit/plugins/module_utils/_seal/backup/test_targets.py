# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which target has a copy: the endpoint is a part of its identity."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.record import Record
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.backup.targets import Target

AWS, MINIO = Target.s3("b", "p/", ""), Target.s3("b", "p/", "https://minio.example:9000/")
FOLDER = Target("/copies")


def record(**values):
    return Record("vault-20261128T043607Z.snap", "2026-11-28T04:36:07+00:00", 1, "0" * 64, "open", **values)


def test_the_names():
    assert (AWS.name, MINIO.name, MINIO.former) == ("s3://b/p/", "https://minio.example:9000/b/p/", "s3://b/p/")


@pytest.mark.parametrize(("mine", "others"), [(AWS, (MINIO, FOLDER)), (MINIO, (AWS, FOLDER)), (FOLDER, (AWS, MINIO))])
def test_a_copy_counts_for_its_own_target_only(mine, others):
    noted = record()
    mine.note(noted, {"size": 1})
    assert (mine.has(noted), [each.has(noted) for each in others]) == (True, [False, False])
    again = Record.parse(noted.as_json(), noted.name, 1)
    assert again is not None
    assert (mine.has(again), [each.has(again) for each in others]) == (True, [False, False])


@pytest.mark.parametrize("target", [AWS, MINIO])
def test_a_record_that_does_not_know_the_endpoint_is_verified_again(target):
    former = record(sent={"s3://b/p/": {"size": 1}}, uploads={"s3://b/p/": {"upload_id": "x"}})
    assert not target.has(former)
    assert target.upload(former) == {"upload_id": "x"}
    target.note(former, {"size": 1})
    assert (list(former.sent), former.uploads, target.has(former)) == ([target.name], {}, True)


def test_the_copy_at_another_endpoint_stays_noted():
    both = record()
    AWS.note(both, {"size": 1})
    MINIO.note(both, {"size": 1})
    assert AWS.has(both)
    assert MINIO.has(both)
