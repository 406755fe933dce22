# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup by Ansible: many at once, files, encodings, and what its options may be."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.ansible_run import Ansible
from support.strict_kms import StrictKms
from support.vault_values import VaultValues

pytestmark = pytest.mark.matrix
LOOKUP = "sealwright.vault_seal.awskms_seal_unwrap"
MANY = 500
LATENCY = 0.05  # seconds; on a busy machine the strict KMS itself takes some of them for each call


class Bench:
    """A separate KMS whose calls are counted, and values that were not sealed by the collection's code."""

    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.kms = kms
        self.key = kms.new_key(alias="alias/ours")
        self.values = VaultValues(kms.client(), self.key)
        self.ansible = Ansible(folder, kms.environment())
        self.folder = folder

    def blob(self, plaintext: bytes, aad: bytes = b"") -> str:
        return base64.b64encode(self.values.envelope(plaintext, aad).SerializeToString(deterministic=True)).decode()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with StrictKms() as kms:
        yield Bench(kms, tmp_path_factory.mktemp("lookup"))


def shows(name: str, expression: str, **task: Any) -> dict[str, Any]:
    return {"name": name, "ansible.builtin.debug": {"msg": "{{ " + expression + " }}"}, **task}


def test_values_and_encodings(bench: Bench) -> None:
    variables = {
        "text": bench.blob("\u00e4 {{ 1 + 1 }}".encode()),
        "bound": bench.blob(b"bound", b"aad"),
        "data": bench.blob(b"\x00\xff"),
        "document": bench.blob(b'{"list": [1, 2]}'),
        "plugin": LOOKUP,
    }
    run = bench.ansible.playbook(
        [
            shows("text", "lookup(plugin, text)"),
            shows("aad", "lookup(plugin, bound, aad='aad')"),
            shows("aad in base64", "lookup(plugin, bound, aad_base64='YWFk')"),
            shows("bytes", "lookup(plugin, data, encoding='base64')"),
            shows("json", "lookup(plugin, document, encoding='json')"),
            shows("yaml", "lookup(plugin, document, encoding='yaml').list[1]"),
            shows("many", "query(plugin, text, document, allowed_key_ids=['alias/ours']) | length"),
            shows("a list", "query(plugin, [text, document]) | length"),
        ],
        vars=variables,
    ).succeeded()
    message = {record["task"]: record["result"]["msg"] for record in run.results}
    # ansible-core before 2.19 makes text of a number that a template gives.
    message.update({name: str(message[name]) for name in ("yaml", "many", "a list")})
    assert message == {
        "text": "\u00e4 {{ 1 + 1 }}",  # what a value holds is never taken for a template
        "aad": "bound",
        "aad in base64": "bound",
        "bytes": "AP8=",
        "json": {"list": [1, 2]},
        "yaml": "2",
        "many": "2",
        "a list": "2",
    }


def test_many_at_once_and_each_data_key_once(bench: Bench) -> None:
    blobs = [bench.blob(f"value {number}".encode()) for number in range(MANY)]
    bench.kms.clear_calls()
    bench.kms.set_latency(LATENCY)
    try:
        run = bench.ansible.playbook(
            [shows("all", f"query('{LOOKUP}', blobs + blobs[:100])[-101:] | join(',')")], vars={"blobs": blobs}
        ).succeeded()
    finally:
        bench.kms.set_latency(0)
    expected = [f"value {number}" for number in (MANY - 1, *range(100))]
    assert run["all"]["msg"] == ",".join(expected)
    assert len(bench.kms.calls("Decrypt")) == MANY
    begun = sorted(call["time"] for call in bench.kms.calls("Decrypt"))
    assert begun[-1] - begun[0] < MANY * LATENCY  # one after the other would take longer


def test_a_template_that_uses_lookups_asks_once_for_each_data_key(bench: Bench) -> None:
    blobs = [base64.b64encode(blob.SerializeToString()).decode() for blob in bench.values.batch([b"one", b"two"])]
    often = " ~ ".join(f"lookup('{LOOKUP}', blobs[{number}])" for number in (0, 0, 1))
    bench.kms.clear_calls()
    run = bench.ansible.playbook(
        [
            shows("kept", often, vars={"blobs": blobs}),
            shows("another task", often, vars={"blobs": blobs}),
            shows("not kept", often.replace("])", "], cache_data_keys=false)"), vars={"blobs": blobs}),
        ]
    ).succeeded()
    journal = bench.kms.calls()
    calls = {name: len(run.calls(name, journal)) for name in ("kept", "another task", "not kept")}
    assert calls == {"kept": 1, "another task": 1, "not kept": 3}
    assert {run[name]["msg"] for name in calls} == {"oneonetwo"}


def test_files_are_found_where_lookups_look(bench: Bench) -> None:
    (bench.folder / "files").mkdir()
    (bench.folder / "files" / "as-text.sealed").write_text(bench.blob(b"from text") + "\n", encoding="ascii")
    (bench.folder / "files" / "as-bytes.sealed").write_bytes(base64.b64decode(bench.blob(b"from bytes")))
    run = bench.ansible.playbook(
        [
            shows("both", f"query('{LOOKUP}', 'as-text.sealed', 'as-bytes.sealed', from_file=true)"),
            shows("none", f"lookup('{LOOKUP}', 'nowhere.sealed', from_file=true)", ignore_errors=True),
        ]
    ).succeeded()
    assert run["both"]["msg"] == ["from text", "from bytes"]
    assert "The file 'nowhere.sealed' does not exist on the controller. Searched: " in run["none"]["msg"]
    assert str(bench.folder / "nowhere.sealed") in run["none"]["msg"]


def test_errors_have_the_words_of_the_modules(bench: Bench) -> None:
    foreign = VaultValues(bench.kms.client(), bench.kms.new_key())
    cases = {
        "bound": (bench.blob(b"x", b"aad"), {}),
        "foreign": (base64.b64encode(foreign.envelope(b"x").SerializeToString()).decode(), {"allowed_key_ids": ["alias/ours"]}),
        "empty list": (bench.blob(b"x"), {"allowed_key_ids": []}),
        "both": (bench.blob(b"x"), {"aad": "a", "aad_base64": "YQ=="}),
    }
    tasks = []
    for name, (blob, options) in cases.items():
        keywords = "".join(f", {key}={json.dumps(value)}" for key, value in options.items())
        tasks.append(shows(f"{name} by lookup", f"lookup('{LOOKUP}', '{blob}'{keywords})", ignore_errors=True))
        tasks.append({"name": f"{name} by module", LOOKUP: {"blob": blob, **options}, "ignore_errors": True})
    bench.kms.clear_calls()
    run = bench.ansible.playbook(tasks).succeeded()
    for name in ("bound", "foreign", "empty list"):
        assert run[f"{name} by module"]["msg"] in run[f"{name} by lookup"]["msg"]
    assert "parameters are mutually exclusive: aad|aad_base64." in run["both by lookup"]["msg"]
    assert len(bench.kms.calls("Decrypt")) == 2  # of the two that are bound; all others are refused before


def test_an_error_of_many_names_the_value(bench: Bench) -> None:
    blobs = {"good": bench.blob(b"x"), "bound": bench.blob(b"y", b"aad")}
    run = bench.ansible.playbook([shows("second", f"query('{LOOKUP}', good, bound)", vars=blobs, ignore_errors=True)]).succeeded()
    assert "Value 2: KMS decrypted the data key, but the value is not authentic." in run["second"]["msg"]


def test_what_is_no_option_or_no_value_is_refused(bench: Bench) -> None:
    """Ansible drops unknown keywords: with a misspelt one, every key would be trusted."""
    lookup = f"query('{LOOKUP}', blob, blobs"
    run = bench.ansible.playbook(
        [
            shows("misspelt", f"{lookup}, allowed_key_id=['alias/none'])", ignore_errors=True),
            shows("unknown", f"{lookup}, colour='red')", ignore_errors=True),
            shows("aliases", f"lookup('{LOOKUP}', blob, aws_region='us-east-1', endpoint_url='{bench.kms.url}')"),
            shows("by with", "item", **{f"with_{LOOKUP}": ["{{ blob }}"]}),
            shows("list in a list", f"{lookup})", ignore_errors=True),
        ],
        vars={"blob": bench.blob(b"x"), "blobs": [[bench.blob(b"y")]]},
    ).succeeded()
    assert "This lookup has no option allowed_key_id. Did you mean allowed_key_ids?" in run["misspelt"]["msg"]
    assert "This lookup has no option colour. Its options are aad, aad_base64, access_key, allowed_key_ids, " in run["unknown"]["msg"]
    assert run["aliases"]["msg"] == "x"
    assert run["by with"]["results"][0]["msg"] == "x"
    assert "Value 2 must be a string, not list. Use the base64-encoded sealed value." in run["list in a list"]["msg"]


@pytest.mark.parametrize(("plaintext", "encoding", "phrase"), [
    (b"secret \xff", "text", "Value 1 was decrypted, but it is not UTF-8. Use encoding=base64."),
    (b"secret: [", "yaml", "Value 1 was decrypted, but it is not a YAML or JSON document (line "),
    (b"{secret", "json", "Value 1 was decrypted, but it is not a JSON document (line 1, column 2)."),
])
def test_what_does_not_fit_the_encoding_is_not_shown(bench: Bench, plaintext: bytes, encoding: str, phrase: str) -> None:
    task = shows("misfit", f"lookup('{LOOKUP}', blob, encoding='{encoding}')", vars={"blob": bench.blob(plaintext)}, ignore_errors=True)
    run = bench.ansible.playbook([task], "-vvv").succeeded()
    assert phrase in run["misfit"]["msg"]
    assert "secret" not in run.output
