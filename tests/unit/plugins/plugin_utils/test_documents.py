# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opened documents: one reader for all plugins, which ends with every text in time and shows nothing of it."""

from __future__ import annotations

import json
import time
import traceback

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._documents import at_path, encoded
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.document import parse_variables

try:
    from ansible.parsing.vault import VaultSecretsContext
except ImportError:  # before ansible-core 2.19 the loader has them
    VaultSecretsContext = None

SECRET = "Hunter2-Secret"
BOM = "\ufeff"


def bomb(opening="[", closing="]"):
    lines = [f"a0: &a0 {opening}x, x, x, x, x, x, x, x, x{closing}"]
    lines += [f"a{n}: &a{n} {opening}{', '.join([f'*a{n - 1}'] * 9)}{closing}" for n in range(1, 10)]
    return "\n".join(lines)


def merge_bomb():
    return "\n".join(["a0: &a0 {k: v}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 10))])


NO_YAML = {
    "bool": f"password: !!bool {SECRET}",
    "int": f"password: !!int {SECRET}",
    "float": f"password: !!float {SECRET}",
    "null on a list": f"password: !!null [{SECRET}]",
    "timestamp": f"password: !!timestamp {SECRET}",
    "binary": f"password: !!binary {SECRET}\u00e9",
    "binary that is no base64": f"password: !!binary '{SECRET}='",
    "date that does not exist": f"password: {SECRET}\nday: 2026-02-30",
    "time that does not exist": f"password: {SECRET}\nday: 2026-02-03T99:00:00Z",
    "long integer": f"password: {SECRET}\npin: {'7' * 5000}",
    "long hexadecimal": f"password: {SECRET}\npin: 0x{'f' * 5000}",
    "long sexagesimal": f"password: {SECRET}\npin: {'1' + ':59' * 3000}",
    "long octal": f"password: {SECRET}\npin: 0{'7' * 5000}",
    "long integer that is tagged": f"password: {SECRET}\npin: !!int '{'7' * 5000}'",
    "long unsafe integer": f"password: {SECRET}\npin: !unsafe {'7' * 5000}",
    "brackets": f"password: {SECRET}\ndeep: {'[' * 20000}",
    "closed brackets": f"password: {SECRET}\ndeep: {'[' * 1000}{']' * 1000}",
    "braces": f"password: {SECRET}\ndeep: {'{a: ' * 20000}",
    "question marks": "? " * 20000 + SECRET,
    "block lists": "- " * 20000 + SECRET,
    "itself": f"a: &a\n  password: {SECRET}\n  again: *a",
    "list of itself": f"password: {SECRET}\na: &a [*a]",
    "anchor that is not there": f"password: {SECRET}\na: *{SECRET}",
    "bomb": f"password: {SECRET}\n{bomb()}",
    "bomb of dictionaries": f"password: {SECRET}\n{bomb('{a: [', ']}')}",
    "bomb of merges": f"password: {SECRET}\n{merge_bomb()}",
    "merge of a number": f"password: {SECRET}\n<<: 5",
    "merge of a text": f"<<: {SECRET}",
    "merge of texts": f"<<: [{SECRET}]",
    "name that stands twice": f"password: {SECRET}\npassword: {SECRET}",
    "name that stands twice far below": f"a: [[{{password: {SECRET}, 'password': x}}]]\na: 1",
    "name that is a list": f"? [{SECRET}]\n: 1",
    "name that is a dictionary": f"? {{{SECRET}: 1}}\n: 1",
    "object of python": f"!!python/object/apply:os.system ['{SECRET}']",
    "name of python": f"a: !!python/name:os.{SECRET}",
    "tuple of python": f"a: !!python/tuple [{SECRET}]",
    "unknown tag": f"a: !{SECRET} b",
    "tag of another kind": f"a: !<tag:example.com,2000:{SECRET}> b",
    "set": f"a: !!set {{{SECRET}}}",
    "ordered map": f"a: !!omap [{SECRET}: 1]",
    "ordered map that is none": f"a: !!omap {SECRET}",
    "pairs": f"a: !!pairs [{SECRET}]",
    "map that is a text": f"a: !!map {SECRET}",
    "sequence that is a text": f"a: !!seq {SECRET}",
    "text that is a list": f"a: !!str [{SECRET}]",
    "vault that is a list": f"a: !vault [{SECRET}]",
    "equals sign": f"{SECRET}: =",
    "open quote": f'password: "{SECRET}',
    "tabulator": f"a:\n\t- {SECRET}",
    "two documents": f"a: {SECRET}\n---\nb: {SECRET}",
    "control character": f"a: {SECRET}\x01",
    "directive": f"%YAML {SECRET}\n---\na: 1",
    "undefined handle": f"a: !x!{SECRET} 1",
    "escape": f'a: "{SECRET}\\q"',
    "half of a surrogate pair": f'{{"a": "{SECRET}\\ud800"}}',
}
NO_JSON = {
    "text": SECRET,
    "cut off": f'{{"password": "{SECRET}"',
    "nan": f'{{"password": "{SECRET}", "n": NaN}}',
    "infinity": f'["{SECRET}", -Infinity]',
    "large float": f'["{SECRET}", 1e999]',
    "long integer": f'["{SECRET}", {"7" * 5000}]',
    "very long integer": f'["{SECRET}", {"7" * 1_000_000}]',
    "long float": f'["{SECRET}", 0.{"7" * 5000}]',
    "deep": f'{{"password": "{SECRET}", "deep": {"[" * 20000}{"]" * 20000}}}',
    "rather deep": "[" * 200 + "]" * 200,
    "name twice": f'{{"{SECRET}": 1, "{SECRET}": 2}}',
    "half of a surrogate pair": f'["{SECRET}\\ud800"]',
    "two documents": f'["{SECRET}"] []',
    "single quotes": f"['{SECRET}']",
}


def refused(call):
    """The error's words, which nothing of the document is in; nor in what a traceback shows, nor in the errors that it came of."""
    begin = time.process_time()
    with pytest.raises(SettingError) as failure:
        call()
    error = failure.value
    assert time.process_time() - begin < 5
    assert error.reason == "malformed_document"
    assert (error.__cause__, error.__context__ if not isinstance(error.__context__, ValueError) else None) == (None, None)
    shown = "".join(traceback.format_exception(type(error), error, error.__traceback__)) + repr(error.__context__) + str(error)
    for part in (SECRET, "Hunter2", "77777", "59:59", "fffff"):
        assert part not in shown
    assert "\n" not in error.message
    return error.message


@pytest.mark.parametrize("text", NO_YAML.values(), ids=NO_YAML)
def test_what_is_no_yaml(text, capfd):
    refused(lambda: encoded("The value", text.encode(), "yaml"))
    refused(lambda: parse_variables(DataLoader(), text.encode(), "/srv/all.yml.sealed"))
    out, err = capfd.readouterr()
    assert (out, "Hunter2" in err) == ("", False)


@pytest.mark.parametrize("text", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json(text):
    refused(lambda: encoded("The value", text.encode(), "json"))


@pytest.mark.parametrize("content", [b"\xff" + SECRET.encode(), b"a: \xc3\x28", SECRET.encode("utf-16"), SECRET.encode("utf-32")])
@pytest.mark.parametrize("encoding", ["text", "json", "yaml"])
def test_what_is_not_utf_8(content, encoding):
    refused(lambda: encoded("The value", content, encoding))


def test_where_it_is_wrong():
    message = refused(lambda: encoded("The value", f"a: 1\nb: '{SECRET}\n".encode(), "yaml"))
    assert message == "The value was decrypted, but it is not a YAML or JSON document (line 3, column 1)."
    assert refused(lambda: encoded("The value", f'{{"a": 1,\n"{SECRET}"'.encode(), "json")).endswith("it is not a JSON document (line 2, column 17).")
    phrase = "a number without quotes has more than 400 characters (line 2, column 6)"
    assert phrase in refused(lambda: parse_variables(DataLoader(), f"a: 1\npin: {'7' * 5000}".encode(), "/srv/all.yml.sealed"))


@pytest.mark.parametrize("text", [SECRET, f"[{SECRET}]", "5", "true", f"- {SECRET}"])
def test_what_holds_no_variables(text):
    assert "not a dictionary of variables" in refused(lambda: parse_variables(DataLoader(), text.encode(), "/srv/all.yml.sealed"))


@pytest.mark.parametrize("text", [f"1: {SECRET}", f"true: {SECRET}", f"2026-01-01: {SECRET}", f"~: {SECRET}"])
def test_names_of_variables_are_strings(text):
    assert "is not a string" in refused(lambda: parse_variables(DataLoader(), text.encode(), "/srv/all.yml.sealed"))


@pytest.mark.parametrize("content", [b"$ANSIBLE_VAULT;1.1;AES256\n3862", "password: x\n".encode("utf-16"), b"vault:v1:8SDd3WHDOjf7mq69"])
def test_a_file_of_another_format_that_was_sealed(content):
    message = refused(lambda: parse_variables(DataLoader(), content, "/srv/all.yml.sealed"))
    assert any(phrase in message for phrase in ("ansible-vault", "UTF-16", "transit"))


def test_what_is_read():
    text = "a: 1\nb: [x, 0x1F, 1:30, 2026-01-31, null, true, 'yes', 1.5e+3]\nc: &c {d: e}\nf: *c\ng:\n  <<: *c\n  h: i\n1: one\n"
    document = encoded("The value", text.encode(), "yaml")
    assert document["b"][:3] == ["x", 31, 90]
    assert (document["f"], document["g"], document[1]) == ({"d": "e"}, {"d": "e", "h": "i"}, "one")
    assert at_path("The value", document, ["b", "-1"]) == 1500
    for text in ('{"a": {"b": [1, 2.5, "\\ud83d\\ude00", null]}}', BOM + '{"a": {"b": [1, 2.5, "\U0001f600", null]}}'):
        for encoding in ("json", "yaml"):
            assert encoded("The value", text.encode(), encoding) == {"a": {"b": [1, 2.5, "\U0001f600", None]}}
    assert encoded("The value", f"{BOM}a: 1".encode(), "yaml") == {"a": 1}
    assert encoded("The value", f"{BOM}a".encode(), "text") == f"{BOM}a"
    assert parse_variables(DataLoader(), b"", "/srv/x") == parse_variables(DataLoader(), b"---\n", "/srv/x") == {}


def test_many_values_are_no_bomb():
    document = encoded("The value", ("- &a 1\n" + "- *a\n" * 50_000).encode(), "yaml")
    assert len(document) == 50_001


def test_the_tags_of_ansible():
    secret = VaultSecret(b"vault-password")
    vault = VaultLib([("default", secret)])
    inner = vault.encrypt(SECRET, secret).decode().replace("\n", "\n  ")
    text = f"a: !unsafe '{{{{ b }}}}'\nc: !vault |\n  {inner}\nd: !unsafe [x]\n".encode()
    loader = DataLoader()
    loader.set_vault_secrets([("default", secret)])
    if VaultSecretsContext is not None:
        VaultSecretsContext.initialize(VaultSecretsContext(secrets=[("default", secret)]))
    for document in (encoded("The value", text, "yaml", loader), parse_variables(loader, text, "/srv/all.yml.sealed")):
        assert (document["a"], str(document["c"]), document["d"]) == ("{{ b }}", SECRET, ["x"])


@pytest.mark.parametrize("step", ["1_0", "+1", " 1", "\u0661", "9" * 5000, "x", "1.0"])
def test_indexes_are_read_strictly(step):
    with pytest.raises(KeyError):
        at_path("The value", list(range(20)), [step])


def test_every_json_document_is_read_alike():
    document = {"name": ["\u00e9\u2028", {"x": -1.5e-3, "y": 2**63}], "empty": [{}, [], "", None, False]}
    text = json.dumps(document)
    assert encoded("The value", text.encode(), "json") == encoded("The value", text.encode(), "yaml") == document
