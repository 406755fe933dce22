# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the stanza is written, and what else switches the seal on."""

from __future__ import annotations

import json

from ..part import Form, Part, Settings


def _lines(settings: Settings, indent: str = "  ") -> str:
    return "".join(f"{indent}{name} = {json.dumps(value)}\n" for name, value in settings.items())


def _block(settings: Settings, head: str = 'seal "awskms"', tail: str = "") -> tuple[str, str]:
    return f"{head} {{\n{_lines(settings)}{tail}}}\n", "hcl"


def _json(make: object) -> Form:
    return lambda settings: (json.dumps(_filled(make, settings)), "json")


def _filled(make: object, settings: Settings) -> object:
    if make == "BODY":
        return settings
    if isinstance(make, dict):
        return {name: _filled(each, settings) for name, each in make.items()}
    return [_filled(each, settings) for each in make] if isinstance(make, list) else make


def _more(tail: str) -> Form:
    return lambda settings: _block(settings, tail=tail)


def _headed(head: str) -> Form:
    return lambda settings: _block(settings, head)


def _then(more: str) -> Form:
    return lambda settings: (_block(settings)[0] + more, "hcl")


def _none(_settings: Settings) -> tuple[str, str]:
    return "ui = false\n", "hcl"


def _heredoc(settings: Settings) -> tuple[str, str]:
    return 'seal "awskms" {\n' + "".join(f"  {name} = <<E\n{value}\nE\n" for name, value in settings.items()) + "}\n", "hcl"


def _blanks(settings: Settings) -> tuple[str, str]:
    return 'seal "awskms" {\n' + "".join(f'  {name} = " {value} "\n' for name, value in settings.items()) + "}\n", "hcl"


# A form alone, or with a part that goes with it.
FORM: dict[str, Form | tuple[Form, Part]] = {
    "block": _block,
    "json": _json({"seal": {"awskms": "BODY"}}),
    "json-list": _json({"seal": [{"awskms": ["BODY"]}]}),
    "json-upper-case": _json({"Seal": {"awskms": "BODY"}}),
    "upper-case": _headed('Seal "awskms"'),
    "quoted-word": _headed('"seal" "awskms"'),
    "bare-word": _headed("seal awskms"),
    "second-label": _headed('seal "awskms" "one"'),
    "upper-case-type": _headed('seal "AWSKMS"'),
    "one-line-comment": _more("  # a comment\n  // and another\n  /* and\n one */\n"),
    "heredoc": _heredoc,
    "blanks-around-values": _blanks,
    "unknown-setting": _more('  regoin = "eu-west-1"\n'),
    "upper-case-setting": _more('  REGION = "eu-west-1"\n'),
    "repeated-setting": _more('  kms_key_id = "alias/b"\n'),
    "disabled-false-text": _more('  disabled = "false"\n'),
    "disabled": _more("  disabled = true\n"),
    "disabled-text": _more('  disabled = "true"\n'),
    "disabled-number": _more("  disabled = 2\n"),
    "priority": _more("  priority = 1\n"),
    "priority-zero": _more("  priority = 0\n"),
    "name-number": _more("  name = 7\n"),
    "name-true": _more("  name = true\n"),
    "purpose-block": _more("  purpose {}\n"),
    "purpose-list": _more('  purpose = ["x"]\n'),
    "max-retries": _more('  max_retries = "1"\n'),
    "second-enabled": _then('seal "awskms" {\n  region = "eu-west-1"\n  kms_key_id = "alias/b"\n}\n'),
    "second-disabled": _then('seal "awskms" {\n  region = "eu-west-1"\n  kms_key_id = "alias/b"\n  disabled = true\n}\n'),
    "disabled-transit": _then('seal "transit" {\n  address = "http://127.0.0.1:9"\n  key_name = "k"\n  mount_path = "m"\n  disabled = "true"\n}\n'),
    "shamir-too": _then('seal "shamir" {}\n'),
    "disabled-shamir-too": _then('seal "shamir" {\n  disabled = true\n}\n'),
    "four-seals": _then('seal "shamir" {\n  disabled = true\n}\n' * 3),
    "unclosed": lambda settings: (_block(settings)[0].rstrip("}\n"), "hcl"),
    "text-after-json": lambda settings: (json.dumps({"seal": {"awskms": settings}}) + " and more", "json"),
    "null-in-json": lambda settings: (json.dumps({"seal": {"awskms": {**settings, "session_token": None}}}), "json"),
    "template-left-in": _more('  session_token = "{{env \\"X\\"}}"\n'),
    "byte-order-mark": lambda settings: ("\ufeff" + _block(settings)[0], "hcl"),
    "carriage-returns": lambda settings: (_block(settings)[0].replace("\n", "\r\n"), "hcl"),
    "empty-stanza": (_headed('seal "awskms"'), Part(stanza={"kms_key_id": None}, environment={"AWSKMS_WRAPPER_KEY_ID": "alias/a"})),
    "type-by-variable": (_none, Part(environment={"VAULT_SEAL_TYPE": "awskms", "VAULT_AWSKMS_SEAL_KEY_ID": "alias/a"})),
    "type-by-bao-variable": (_none, Part(environment={"BAO_SEAL_TYPE": "awskms", "VAULT_AWSKMS_SEAL_KEY_ID": "alias/a"})),
    "key-by-bao-variable": (_none, Part(environment={"BAO_SEAL_TYPE": "awskms", "BAO_AWSKMS_SEAL_KEY_ID": "alias/a"})),
    "types-of-both-variables": (_block, Part(environment={"BAO_SEAL_TYPE": "awskms", "VAULT_SEAL_TYPE": "shamir"})),
    "empty-type-variable": (_block, Part(environment={"BAO_SEAL_TYPE": "", "VAULT_SEAL_TYPE": "awskms"})),
    "type-overridden": (_block, Part(environment={"VAULT_SEAL_TYPE": "shamir"})),
    "type-unknown": (_block, Part(environment={"BAO_SEAL_TYPE": "awskns"})),
    "no-seal": _none,
    "indented-heredoc": lambda settings: ('seal "awskms" {\n' + "".join(f"  {n} = <<-E\n    {v}\n    E\n" for n, v in settings.items()) + "}\n", "hcl"),
    "trailing-commas-in-json": lambda settings: (json.dumps({"seal": {"awskms": settings}}).replace("}", ",}"), "json"),
    "no-commas-in-json": lambda settings: (json.dumps({"seal": {"awskms": settings}}).replace(", ", " "), "json"),
    "escaped-slash-in-json": lambda settings: (json.dumps({"seal": {"awskms": settings}}).replace("/", "\\/"), "json"),
    "escapes-in-json": lambda settings: (json.dumps({"seal": {"awskms": settings}}).replace("a", "\\u0061"), "json"),
    "byte-order-mark-in-json": lambda settings: ("\ufeff" + json.dumps({"seal": {"awskms": settings}}), "json"),
    "labels-in-json": lambda settings: (json.dumps({"seal": [{"awskms": settings}, {"shamir": {"disabled": True}}]}), "json"),
    "json-as-hcl": lambda settings: (json.dumps({"seal": {"awskms": settings}}), "hcl"),
    "hcl-as-json": lambda settings: (_block(settings)[0], "json"),
    "assigned": _headed('seal "awskms" ='),
    "nested": lambda settings: (f"seal {{\n  awskms {{\n{_lines(settings)}  }}\n}}\n", "hcl"),
    "assigned-list": lambda settings: (f"seal = [{{\n  awskms = {{\n{_lines(settings)}  }}\n}}]\n", "hcl"),
    "a-text": lambda _settings: ('seal = "awskms"\n', "hcl"),
    "kms-block": _headed('kms "awskms"'),
    "hsm-block": _headed('hsm "awskms"'),
    "no-label": _headed("seal"),
    "empty-label": _headed('seal ""'),
    "blank-in-label": _headed('seal " awskms"'),
    "quoted-names": lambda settings: ('seal "awskms" {\n' + "".join(f"  {json.dumps(n)} = {json.dumps(v)}\n" for n, v in settings.items()) + "}\n", "hcl"),
    "colons": lambda settings: ('seal "awskms" {\n' + "".join(f"  {name}: {json.dumps(value)}\n" for name, value in settings.items()) + "}\n", "hcl"),
    "single-quotes": lambda settings: ('seal "awskms" {\n' + "".join(f"  {name} = '{value}'\n" for name, value in settings.items()) + "}\n", "hcl"),
    "escapes": lambda settings: (_block(settings)[0].replace('"alias', '"\\u0061li\\x61s'), "hcl"),
    "odd-escape": lambda settings: (_block(settings)[0].replace('"alias', '"\\alias'), "hcl"),
    "one-line": lambda settings: (_block(settings)[0].replace("\n", " "), "hcl"),
    "commas": lambda settings: (_block(settings)[0].replace('"\n', '",\n'), "hcl"),
    "unclosed-comment": _then("/* no end"),
    "comment-at-the-end": _then("# no line end"),
    "nul": _then("\0"),
    "control-character": _more("  # \x01\n"),
    "line-separator": _more('  session_token = "a\u2028b"\n'),
    "variable-of-a-shell": _more('  session_token = "${TOKEN}"\n'),
    "unbalanced-expression": _more('  session_token = "${TOKEN"\n'),
    "disabled-one": _more('  disabled = "1"\n'),
    "disabled-t": _more('  disabled = "T"\n'),
    "disabled-yes": _more('  disabled = "yes"\n'),
    "disabled-empty": _more('  disabled = ""\n'),
    "disabled-zero": _more("  disabled = 0\n"),
    "disabled-negative": _more("  disabled = -1\n"),
    "disabled-list": _more("  disabled = [true]\n"),
    "priority-text": _more('  priority = "1"\n'),
    "priority-negative": _more("  priority = -1\n"),
    "priority-word": _more('  priority = "first"\n'),
    "name-with-blank": _more('  name = "a b"\n'),
    "purpose-text": _more('  purpose = "x"\n'),
    "purpose-numbers": _more("  purpose = [1]\n"),
    "a-list": _more('  session_token = ["x"]\n'),
    "a-block": _more("  session_token {}\n"),
    "true-as-region": _more("  region = true\n"),
    "number-as-region": _more("  region = 1.50\n"),
    "large-number": _more("  session_token = 99999999999999999999\n"),
    "hexadecimal": _more("  session_token = 0x10\n"),
    "upper-case-key": _more('  KMS_KEY_ID = "alias/b"\n'),
    "mlock": _then("disable_mlock = false\n"),
    "mlock-true": _then("disable_mlock = true\n"),
    "multiseal": _then("enable_multiseal = true\n"),
    "unknown-top-level": _then('colour = "blue"\n'),
    "plugin-directory-true": _then("plugin_directory = true\n"),
    "plugin-directory-missing": _then('plugin_directory = "/nonexistent"\n'),
    "three-seals": _then('seal "shamir" {\n  disabled = true\n}\n' * 2),
    "both-cases": _then('Seal "awskms" {\n  region = "eu-west-1"\n  kms_key_id = "alias/b"\n}\n'),
    "disabled-unknown": _then('seal "awskns" {\n  disabled = true\n}\n'),
    "disabled-static": _then('seal "static" {\n  current_key_id = "k"\n  current_key = "env://NONE"\n  disabled = true\n}\n'),
    "disabled-and-type-variable": (_more("  disabled = true\n"), Part(environment={"BAO_SEAL_TYPE": "awskms"})),
    "type-variable-in-capitals": (_none, Part(environment={"BAO_SEAL_TYPE": "AWSKMS", "VAULT_AWSKMS_SEAL_KEY_ID": "alias/a"})),
    "type-variable-with-blank": (_none, Part(environment={"BAO_SEAL_TYPE": "awskms ", "VAULT_AWSKMS_SEAL_KEY_ID": "alias/a"})),
    "lease-of-no-time": _then('default_lease_ttl = "1 h"\n'),
    "lease-of-days": _then('default_lease_ttl = "7d"\n'),
    "lease-beyond-the-longest": _then('max_lease_ttl = "1h"\n'),
    "quoted-switch-of-telemetry": _then('telemetry {\n  disable_hostname = "true"\n}\n'),
    "two-telemetries": _then("telemetry {}\ntelemetry {}\n"),
    "unknown-listener": _then('listener "http" {\n  address = "127.0.0.1:0"\n}\n'),
    "address-without-scheme": _then('api_addr = "127.0.0.1:8200"\n'),
    "unknown-user-lockout": _then('user_lockout "token" {}\n'),
    "cache-of-no-size": _then('cache_size = "large"\n'),
    "disabled-static-by-variables": (
        _then('seal "static" {\n  disabled = true\n}\n'),
        Part(environment={"BAO_STATIC_SEAL_CURRENT_KEY_ID": "k", "BAO_STATIC_SEAL_CURRENT_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}),
    ),
    "disabled-gcpckms": _then('seal "gcpckms" {\n  project = "p"\n  region = "global"\n  key_ring = "r"\n  crypto_key = "c"\n  disabled = true\n}\n'),
    "disabled-pkcs11": _then('seal "pkcs11" {\n  lib = "/none.so"\n  slot = "0"\n  pin = "1"\n  key_label = "k"\n  disabled = true\n}\n'),
    "empty-file": lambda _settings: ("", "hcl"),
}
