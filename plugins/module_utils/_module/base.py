# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module edge: options that all modules share, and the one place where a SealError becomes a failed task."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import CONNECTION_SPEC, check_together
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.process_exit import end_quickly
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import BLANK, Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError

# Options that are not secret as a whole: settings by name, of which some are; and what need not be one, or is public.
_SETTINGS = frozenset(("environment", "seal"))
# Of whole files, the module hides the secrets that are in them.
_NOT_SECRET = frozenset(("aad", "aad_base64", "proxy", "config_text", "environment_text"))
# Options whose values may legitimately occur in a result: a value to seal may be the name of the region.
_VALUES = frozenset(("plaintext", "plaintext_base64", "values", "recovery_key_recipient"))
# Keys of a result that hold a sealed value, what it was opened to, or names, and which no server or service has worded.
_NO_WORDS = frozenset(
    ("blob", "blobs", "key_id", "connection", "dest", "src", "facts", "form", "layout")
    + ("plaintext", "plaintext_base64", "plaintexts", "plaintexts_base64")
)
_LOGIN = re.compile(r"(?<=://)[^/@\s]*@")


class SealModule(AnsibleModule):
    """A module that hides secret options by their names, and blanks their values wherever a result or message repeats them.

    Ansible would blank every occurrence of every secret in the result instead: with a plaintext such as "a", that ruins the blob, the
    ARN and every message. So secrets of fewer than eight characters are not looked for, and a value to seal only in messages.
    """

    _hidden: Sequence[Any] = ()

    def exit_json(self, **kwargs: Any) -> NoReturn:
        never = self._never()
        words = {name: each for name, each in kwargs.items() if name not in _NO_WORDS and not isinstance(each, (bool, int, float))}
        if words:
            kwargs.update(self._values().blank_all(words))
        super().exit_json(**{**never.blank_all(kwargs), "invocation": never.blank_all(self._shown())})
        raise SystemExit(0)  # AnsibleModule, which has no types, has ended the process

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        if isinstance(kwargs.get("exception"), str):
            del kwargs["exception"]  # a traceback, which ansible-core before 2.19 gives where it cannot replace a file
        never, values = self._never(), self._values()
        reason = {"reason": kwargs["reason"]} if "reason" in kwargs else {}
        kwargs = {**values.blank_all(never.blank_all(kwargs)), **reason, "invocation": never.blank_all(self._shown())}
        super().fail_json(values.blank(never.blank(str(msg))), **kwargs)
        raise SystemExit(1)

    def hide(self, *values: Any) -> None:
        """Blank in messages what is no option: the content of files, and what sealed values open to."""
        self._hidden = [*self._hidden, *values]

    def _never(self) -> Secrets:
        """What nothing of a result may show."""
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
        """What no message may show."""
        values = Secrets()
        values.add(*self._hidden, *(given for name in _VALUES if name in self.argument_spec for given in self._given(name, self.argument_spec[name])))
        return values

    def _given(self, name: str, option: dict[str, Any]) -> list[Any]:
        return [self.params[each] for each in (name, *option.get("aliases", ())) if self.params.get(each) is not None]

    def _shown(self) -> dict[str, Any]:
        shown = {}
        for name, option in self.argument_spec.items():
            for each in (name, *option.get("aliases", ())):
                # What is not in the argument spec is left out: a misspelt name hides no secret.
                if each in self.params:
                    value = self.params[each]
                    value = _LOGIN.sub(f"{BLANK}@", value) if isinstance(value, str) else value
                    shown[each] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" if option.get("no_log") and value is not None else value
        return {"module_args": shown}


def hide(module: AnsibleModule, *values: Any) -> None:
    """Blank in the messages of a module what is no option of it: the content of files, and what sealed values open to."""
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
    options of the way to KMS too.
    """
    end_quickly()
    spec = {**CONNECTION_SPEC, **argument_spec} if connects else argument_spec
    module = SealModule(argument_spec=spec, supports_check_mode=True, **kwargs)
    try:
        check_together(module.params, one_of, not_together)
        result = work(module)
    except SealError as error:
        module.fail_json(**error.as_result())
    except Exception as error:  # what Python says of it may hold a secret
        module.fail_json(**_fault(error).as_result())
    module.exit_json(**result)


def _fault(error: Exception) -> SealError:
    """The error of a fault in this collection: where it is, and nothing of what was worked on."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return SealError(
        f"The module failed by a fault of its own: {type(error).__name__} in {os.path.basename(frame.filename)}, line {frame.lineno}.",
        reason="internal_error",
        remedy="Please report it, with the options of the task and the versions of ansible-core and boto3, and without any secret.",
    )
