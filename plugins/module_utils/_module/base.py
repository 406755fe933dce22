# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of all modules: shared options, and the one place where a SealError becomes a failed task."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import CONNECTION_SPEC, check_together
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.process_exit import end_quickly
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import BLANK, Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, internal_error

# Options that are not secret as a whole: settings by name, of which some are secret, and values that need not be secret or are public.
_SETTINGS = frozenset(("environment", "seal"))
# The module hides the secrets in whole files itself.
_NOT_SECRET = frozenset(("aad", "aad_base64", "proxy", "config_text", "environment_text"))
# Options whose values may legitimately occur in a result: a value to seal may be the name of the region.
_VALUES = frozenset(("plaintext", "plaintext_base64", "values", "recovery_key_recipient"))
# Result keys with sealed values, plaintexts or names, whose text does not come from a server or service.
_NOT_BLANKED = frozenset(
    ("blob", "blobs", "key_id", "connection", "dest", "src", "facts", "form", "layout")
    + ("plaintext", "plaintext_base64", "plaintexts", "plaintexts_base64")
)
_LOGIN = re.compile(r"(?<=://)[^/@\s]*@")


class SealModule(AnsibleModule):
    """A module that hides secret options by their names, and blanks their values wherever a result or message repeats them.

    Ansible would blank every occurrence of every secret in the result instead: with a plaintext such as "a", that ruins the blob, the
    ARN and every message. Therefore secrets of fewer than eight characters are not searched for, and a value to seal only in messages.
    """

    _hidden: Sequence[Any] = ()

    def exit_json(self, **kwargs: Any) -> NoReturn:
        never = self._never()
        results = {name: each for name, each in kwargs.items() if name not in _NOT_BLANKED and not isinstance(each, (bool, int, float))}
        if results:
            kwargs.update(self._values().blank_all(results))
        super().exit_json(**{**never.blank_all(kwargs), "invocation": never.blank_all(self._shown())})
        raise SystemExit(0)  # AnsibleModule, which has no types, has ended the process

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        if isinstance(kwargs.get("exception"), str):
            del kwargs["exception"]  # a traceback, which ansible-core before 2.19 passes if it cannot replace a file
        never, values = self._never(), self._values()
        reason = {"reason": kwargs["reason"]} if "reason" in kwargs else {}
        kwargs = {**values.blank_all(never.blank_all(kwargs)), **reason, "invocation": never.blank_all(self._shown())}
        super().fail_json(values.blank(never.blank(str(msg))), **kwargs)
        raise SystemExit(1)

    def hide(self, *values: Any) -> None:
        """Blank secrets in messages that are not options: the content of files, and plaintexts of sealed values."""
        self._hidden = [*self._hidden, *values]

    def _never(self) -> Secrets:
        """Values that must not occur anywhere in a result."""
        never = Secrets()
        for name, option in self.argument_spec.items():
            for given in self._given(name, option):
                if isinstance(given, str):
                    never.add_login(given)
                if not option.get("no_log") or name in _NOT_SECRET or name in _VALUES:
                    continue
                if name in _SETTINGS:
                    never.add_settings(given if isinstance(given, Mapping) else {})
                else:
                    never.add(given)
        # Ansible blanks these in warnings, and in what it logs.
        self.no_log_values = set(never.texts)
        return never

    def _values(self) -> Secrets:
        """Values that must not occur in a message."""
        values = Secrets()
        values.add(*self._hidden, *(given for name in _VALUES if name in self.argument_spec for given in self._given(name, self.argument_spec[name])))
        return values

    def _given(self, name: str, option: dict[str, Any]) -> list[Any]:
        return [self.params[each] for each in (name, *option.get("aliases", ())) if self.params.get(each) is not None]

    def _shown(self) -> dict[str, Any]:
        shown = {}
        for name, option in self.argument_spec.items():
            for each in (name, *option.get("aliases", ())):
                # Options outside of the argument spec are omitted: a misspelt name would not hide a secret.
                if each in self.params:
                    value = self.params[each]
                    value = _LOGIN.sub(f"{BLANK}@", value) if isinstance(value, str) else value
                    shown[each] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" if option.get("no_log") and value is not None else value
        return {"module_args": shown}


def hide(module: AnsibleModule, *values: Any) -> None:
    """Blank secrets in the messages of a module that are not options: the content of files, and plaintexts of sealed values."""
    if isinstance(module, SealModule):
        module.hide(*values)


def run_module(
    work: Callable[[AnsibleModule], dict[str, Any]],
    argument_spec: dict[str, dict[str, Any]],
    one_of: Sequence[str] = (),
    not_together: Sequence[Sequence[str]] = (),
    connects: bool = True,
    **kwargs: Any,
) -> None:
    """Run a module: ``work`` returns the result or raises a SealError, which becomes ``msg``, ``reason`` and ``remedy``.

    Of the options ``one_of`` exactly one has to be given, of each of ``not_together`` at most one. A module that ``connects`` has the
    options of the connection to AWS KMS too.
    """
    end_quickly()
    spec = {**CONNECTION_SPEC, **argument_spec} if connects else argument_spec
    module = SealModule(argument_spec=spec, supports_check_mode=True, **kwargs)
    try:
        check_together(module.params, one_of, not_together)
        result = work(module)
    except SealError as error:
        module.fail_json(**error.as_result())
    except Exception as error:  # the exception's text may contain a secret
        module.fail_json(**internal_error(error).as_result())
    module.exit_json(**result)
