# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plain JSON of a snapshot: what is taken from it, and what of a value that is of another type than the servers write."""

from __future__ import annotations

import json

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.archive import SnapshotError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.snapshot.config import (
    SealConfig,
    SnapshotMeta,
    json_object,
    meta_facts,
    seal_config,
    seal_generation,
)

REMEDY = "Use a file that was written by `bao operator raft snapshot save` or `vault operator raft snapshot save`."
META = {"Index": 52, "Term": 3, "Version": 1, "Size": 1000, "ConfigurationIndex": 7}
ODD_NUMBERS = [None, "1", 1.0, True, False, -1, 1 << 64, [1]]


def refused(call, *arguments):
    with pytest.raises(SnapshotError) as failure:
        call(*arguments)
    beginning = "This is not a raft snapshot of Vault or OpenBao: "
    assert (failure.value.reason, failure.value.remedy) == ("malformed_snapshot", REMEDY)
    assert failure.value.message.startswith(beginning)
    return failure.value.message[len(beginning) :]


def meta(**changes):
    return json.dumps({**META, **changes}).encode()


def test_an_object():
    assert json_object("meta.json", b' {"a": [1, "b"]}\n') == {"a": [1, "b"]}
    # Halves of a surrogate pair, which Go writes as they are.
    assert json_object("meta.json", b'{"a": "\\ud800"}') == {"a": "\ud800"}


@pytest.mark.parametrize("content", [b"", b"[]", b"7", b'"a"', b"null", b"{", b"\xff{}", b'{"a": NaN}', b"{}{}", b"[" * 100000])
def test_what_is_no_object_in_full(content):
    for name in ("meta.json", "core/seal-config"):
        assert refused(json_object, name, content) == f"its {name} is not a JSON object."


def test_an_object_has_at_most_1_mib():
    spaces = (1 << 20) - 2
    assert json_object("meta.json", b"{}" + b" " * spaces) == {}
    assert refused(json_object, "meta.json", b"{}" + b" " * (spaces + 1)) == "its meta.json is not a JSON object."


def test_a_description_that_is_no_object_in_full():
    assert refused(meta_facts, b"[]") == "its meta.json is not a JSON object."


def test_the_description_in_full():
    servers = [
        {"Suffrage": 0, "ID": "a", "Address": "10.0.0.1:8201"}, {"Suffrage": 1, "ID": "b", "Address": "10.0.0.2:8201"},
        {"Suffrage": 2, "ID": "c", "Address": "10.0.0.3:8201"}, {"Suffrage": 3, "ID": "d", "Address": "10.0.0.4:8201"}, {}, "no server",
    ]
    assert meta_facts(meta(Configuration={"Servers": servers})) == SnapshotMeta(
        52, 3, 1, 1000, 7,
        (
            # ServerSuffrage of hashicorp/raft: Voter, Nonvoter, Staging.
            {"id": "a", "address": "10.0.0.1:8201", "suffrage": "voter"}, {"id": "b", "address": "10.0.0.2:8201", "suffrage": "nonvoter"},
            {"id": "c", "address": "10.0.0.3:8201", "suffrage": "staging"}, {"id": "d", "address": "10.0.0.4:8201", "suffrage": "3"},
            {"id": "", "address": "", "suffrage": "voter"},
        ),
    )


@pytest.mark.parametrize("configuration", [None, [], "x", {}, {"Servers": None}, {"Servers": {}}, {"Servers": "x"}])
def test_a_description_without_servers(configuration):
    assert meta_facts(meta(Configuration=configuration)).peers == ()
    assert meta_facts(meta()).peers == ()


@pytest.mark.parametrize("name", ["Index", "Term", "Version", "Size"])
@pytest.mark.parametrize("value", ODD_NUMBERS)
def test_a_description_whose_numbers_are_none_in_full(name, value):
    assert refused(meta_facts, meta(**{name: value})) == "its meta.json lacks Index, Term, Version or Size."
    without = {key: number for key, number in META.items() if key != name}
    assert refused(meta_facts, json.dumps(without).encode()) == "its meta.json lacks Index, Term, Version or Size."


@pytest.mark.parametrize("value", [0, 1, (1 << 64) - 1])
def test_the_numbers_of_a_description_have_64_bits(value):
    facts = meta_facts(meta(Index=value, ConfigurationIndex=value))
    assert (facts.index, facts.configuration_index) == (value, value)


@pytest.mark.parametrize("value", ODD_NUMBERS)
def test_any_other_number_is_0_where_it_is_none(value):
    assert meta_facts(meta(ConfigurationIndex=value)).configuration_index == 0
    assert seal_config("core/seal-config", {"type": "awskms", "secret_shares": value, "secret_threshold": 2}) == SealConfig("awskms", 0, 2)
    assert seal_config("core/seal-config", {"type": "awskms", "secret_shares": 3, "secret_threshold": value}) == SealConfig("awskms", 3, 0)
    assert seal_generation({"Generation": value})["generation"] == 0


@pytest.mark.parametrize(
    ("config", "kind"), [({"type": "awskms"}, "awskms"), ({"type": ""}, "shamir"), ({"type": None}, "shamir"), ({}, "shamir"), ({"type": 0}, "shamir")]
)
def test_the_type_of_a_seal(config, kind):
    assert seal_config("core/seal-config", config).as_result() == {"type": kind, "secret_shares": 0, "secret_threshold": 0}


@pytest.mark.parametrize("kind", [1, ["awskms"], {"a": 1}, True])
def test_a_type_that_is_none_in_full(kind):
    for name in ("core/seal-config", "core/recovery-config"):
        assert refused(seal_config, name, {"type": kind}) == f"its {name} has no seal type."


def test_a_text_that_could_not_be_written_is_shown_with_question_marks():
    assert seal_config("core/seal-config", {"type": "aws\ud800kms \u00e4"}).type == "aws?kms \u00e4"


NO_SEAL = {"type": "", "name": "", "priority": 0, "disabled": False, "kms_key_id": None, "region": None, "endpoint": None}


@pytest.mark.parametrize(
    ("seal", "expected"),
    [
        ({}, {}),
        ({"Type": "awskms", "Name": "one", "Priority": 1}, {"type": "awskms", "name": "one", "priority": 1}),
        ({"Type": 1, "Name": ["x"], "Priority": "1"}, {}),
        ({"Disabled": True}, {"disabled": True}),
        ({"Disabled": 1}, {}),
        ({"Disabled": "true"}, {}),
        (
            {"Config": {"kms_key_id": "alias/x", "region": "us-east-1", "endpoint": "https://h"}},
            {"kms_key_id": "alias/x", "region": "us-east-1", "endpoint": "https://h"},
        ),
        ({"Config": {"kms_key_id": "", "region": 7}}, {"kms_key_id": "", "region": ""}),
        ({"Config": {"secret_key": "hush", "access_key": "AKIA"}}, {}),
        ({"Config": None}, {}),
        ({"Config": ["kms_key_id", "region"]}, {}),
        ({"Config": "kms_key_id"}, {}),
    ],
)
def test_a_seal_of_a_generation(seal, expected):
    assert seal_generation({"Seals": [seal]})["seals"] == [{**NO_SEAL, **expected}]


def test_a_generation_in_full():
    assert seal_generation({"Generation": 3, "Rewrapped": True, "Enabled": False, "Seals": [{}, 1, None]}) == {
        "generation": 3, "rewrapped": True, "enabled": False, "seals": [NO_SEAL],
    }
    assert seal_generation({"Generation": 3, "Rewrapped": False, "Enabled": True, "Seals": []})["rewrapped"] is False
    for odd in ({}, {"Rewrapped": 1, "Enabled": 0, "Seals": {}}, {"Rewrapped": "true", "Enabled": "x", "Seals": None}, {"Rewrapped": [], "Seals": "x"}):
        assert seal_generation(odd) == {"generation": 0, "rewrapped": None, "enabled": None, "seals": []}
