# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code of the filters that decrypt and describe sealed values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.argument_specs import AAD_SPEC
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.value_options import aad_option, from_blob, named_errors, trusted_keys
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import MAX_SIZE
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.inspection import value_facts
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.wrapping.unwrap import Unwrapper
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._documents import ENCODINGS, at_path, encoded
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._errors import on_controller
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._kms_sessions import KMS_SESSIONS
from ansible_collections.sealwright.vault_seal.plugins.plugin_utils._options import CONTROLLER_SPEC, controller_options

_UNWRAP_SPEC: dict[str, dict[str, Any]] = {
    "max_size": {"type": "int", "default": MAX_SIZE},
    **AAD_SPEC,
    **CONTROLLER_SPEC,
    "encoding": {"type": "str", "choices": list(ENCODINGS), "default": "text"},
}
_NOT_GIVEN = object()


def awskms_seal_unwrap(sealed: Any, *, loader: Any = None, **options: Any) -> Any:
    """Documented in plugins/filter/awskms_seal_unwrap.yml. Raises AnsibleFilterError.

    :param loader: Ansible's loader, which parses documents.
    """
    with_names = isinstance(sealed, Mapping)
    if not with_names and not isinstance(sealed, list):
        return _with_filter_errors(lambda: _unwrapped({"The value": sealed}, options, loader)[0])
    names = list(sealed) if with_names else range(1, len(sealed) + 1)
    values = {f"Value {name}": value for name, value in zip(names, sealed.values() if with_names else sealed)}
    opened = _with_filter_errors(lambda: _unwrapped(values, options, loader))
    return dict(zip(sealed, opened)) if with_names else opened


def awskms_seal_extract(sealed: Any, path: Any, default: Any = _NOT_GIVEN, *, loader: Any = None, **options: Any) -> Any:
    """Documented in plugins/filter/awskms_seal_extract.yml. Raises AnsibleFilterError.

    :param loader: Ansible's loader, which parses documents.
    """
    steps = path.split(".") if isinstance(path, str) else path
    if not isinstance(steps, list) or not steps or not all(isinstance(step, (str, int)) and step != "" for step in steps):
        raise AnsibleFilterError("The path must be a string such as 'database.users.0', or a list of names and indexes.")
    document = _with_filter_errors(lambda: _unwrapped({"The value": sealed}, {**options, "encoding": "yaml"}, loader)[0])
    try:
        return at_path("The value", document, steps)
    except KeyError as error:
        if default is not _NOT_GIVEN:
            return default
        raise AnsibleFilterError(error.args[0]) from None


def awskms_seal_info(sealed: Any, max_size: int = MAX_SIZE) -> dict[str, Any]:
    """Documented in plugins/filter/awskms_seal_info.yml. Raises AnsibleFilterError."""
    facts = _with_filter_errors(lambda: value_facts(from_blob("The value", sealed, max_size)))
    return {
        "form": facts.form,
        "size": facts.size,
        "generation": facts.generation,
        "slots": [slot.as_result() for slot in facts.slots],
        "unknown_fields": list(facts.unknown_fields),
        "key_arns": facts.keys,
    }


def _unwrapped(sealed: Mapping[str, Any], options: Mapping[str, Any], loader: Any) -> list[Any]:
    validated = ArgumentSpecValidator(_UNWRAP_SPEC).validate(dict(options))
    if validated.errors.messages:
        raise SettingError(f"The options of the filter are invalid: {validated.errors.msg}.", reason="invalid_option")
    params = validated.validated_parameters
    values = [from_blob(name, blob, params["max_size"]) for name, blob in sealed.items()]
    aad = aad_option(params["aad"], params["aad_base64"])
    resolved = controller_options(params)
    session = KMS_SESSIONS.session(resolved.connection, resolved.cache_data_keys)
    trusted = trusted_keys(resolved.allowed_key_ids, session.clients, values, resolved.source("allowed_key_ids"))
    with named_errors(list(sealed) if len(sealed) > 1 else []):
        opened = Unwrapper(session.clients, aad, trusted, session.data_keys).unwrap_many(values)
    # As with the lookup, a value is never evaluated as a template.
    return [wrap_var(encoded(name, value.plaintext, params["encoding"], loader)) for name, value in zip(sealed, opened)]


def _with_filter_errors(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except SealError as error:
        raise AnsibleFilterError(str(on_controller(error))) from None
