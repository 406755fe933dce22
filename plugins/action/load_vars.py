# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loads variables from sealed files at run time, with the precedence of include_vars."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.vars import combine_vars
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import AAD_SPEC, check_together
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import aad_option
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._errors import on_controller
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._options import SEALING_SPEC, controller_options, refuse_variables
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.document import parse_variables
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._variables.opener import FileOpener

try:
    from ansible.plugins.action import VariableLayer
except ImportError:  # ansible-core before 2.21
    VariableLayer = None

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "file": {"type": "str"},
    "files": {"type": "list", "elements": "str"},
    "name": {"type": "str"},
    "max_size": {"type": "int", "default": 67108864},
    **AAD_SPEC,
    **SEALING_SPEC,
}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, params = self.validate_argument_spec(ARGUMENT_SPEC)
        if self._task.loop is not None and VariableLayer is None:
            # The variables would become facts, and be written to a fact cache on disk.
            raise AnsibleActionFail(
                "sealwright.vault_seal.load_vars cannot run in a loop with ansible-core before 2.21. Set the option files to all files instead."
            )
        try:
            check_together(params, ("file", "files"), ())
            refuse_variables(task_vars, params)
            paths = [self._located(name) for name in params["files"] or [params["file"]]]
            variables = self._loaded(paths, params)
        except SealError as error:
            return {**result, "failed": True, **on_controller(error).as_result()}
        if params["name"]:
            variables = {params["name"]: variables}
        self._keep(variables)
        result.update(changed=False, ansible_facts=variables, ansible_included_var_files=paths, _ansible_no_log=True)
        return result

    def _located(self, name: str) -> str:
        path: str = self._find_needle("vars", name)
        return path

    def _loaded(self, paths: list[str], params: dict[str, Any]) -> dict[str, Any]:
        aad = aad_option(params["aad"], params["aad_base64"])
        opener = FileOpener(controller_options(params), aad, params["max_size"])
        variables: dict[str, Any] = {}
        for path, answer in opener.open(paths).items():
            if isinstance(answer, SealError):
                raise answer
            variables = combine_vars(variables, parse_variables(self._loader, answer, path))
        return variables

    def _keep(self, variables: dict[str, Any]) -> None:
        """Mark these as variables, because a fact cache would write facts to disk."""
        if VariableLayer is not None:
            self.register_host_variables(variables, VariableLayer.INCLUDE_VARS)
            self.register_host_variables({}, VariableLayer.CACHEABLE_FACT)
        else:
            self._task.action = "ansible.builtin.include_vars"  # older releases identify variables by this name
            self._task.no_log = True
