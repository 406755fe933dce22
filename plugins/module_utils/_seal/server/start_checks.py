# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems of how a server is started: without a configuration, for development, or with references in place of values."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from ..regular_files import read_regular
from .products import CREDENTIALS, VAULT, Product
from .seal_settings import UNREAD, EffectiveSettings, Setting
from .stanza_checks import ERROR, WARNING, SettingProblem
from .systemd import Service

LOCAL_CONFIG = {"vault": "VAULT_LOCAL_CONFIG", "openbao": "BAO_LOCAL_CONFIG"}
"""The variable whose text the entry point of a product's container writes to a configuration file."""

_SECRET_KEY = re.compile(r"[A-Za-z0-9/+=]{40}\Z")
_REFERENCE = re.compile(r"(?:env|file|string)://", re.IGNORECASE)


def start_problems(
    effective: EffectiveSettings, service: Service, config: list[str], development: bool, local: bool, closed: Sequence[str] = ()
) -> list[SettingProblem]:
    """All of it.

    :param config: the files and folders that the server is given.
    :param local: whether a container's variable gives it a configuration as well.
    :param closed: configuration files that the service's user may not read.
    """
    problems = [*_configuration(effective, service, config, development, local), *_script(service), *_container(effective, service, local)]
    problems.extend(_view(service, config))
    problems.extend(_plugin_directory(effective, service))
    problems.extend(
        SettingProblem(
            ERROR, "unreadable_config", "config", f"The user {service.user} of the service may not read {path}, and so the server does not start.",
            "Give the file, and the folders above it, a group of that user and the permission to read it.",
        )
        for path in closed
    )
    seal = effective.awskms
    for name in CREDENTIALS:
        setting = seal.settings.get(name) if seal else None
        if setting:
            problems.extend(_credential(name, setting, effective.product))
    return problems


def _configuration(effective: EffectiveSettings, service: Service, config: list[str], development: bool, local: bool) -> Iterator[SettingProblem]:
    nothing = not effective.config.files and not local
    if development:
        yield SettingProblem(
            ERROR if nothing else WARNING, "development_server", "config",
            f"The unit {service.name} starts a development server (-dev), which keeps nothing.", "Start it without -dev, and with -config.",
        )
    elif nothing and (config or service.name or not effective.type_variable):
        where = (
            f"None of {', '.join(config)} has a configuration file, and the server does not start." if config
            else f"The unit {service.name} starts the server without -config, and so it does not start." if service.name
            else "No configuration is named, and so nothing can be told of the server's seal."
        )
        yield SettingProblem(ERROR, "no_config", "config", where, "Name the configuration by -config in the unit, or in the option config.")


def _view(service: Service, config: list[str]) -> Iterator[SettingProblem]:
    """Configurations that the service does not see as they are here."""
    for path in config:
        hides, replaces = service.view.hides(path), service.view.replaces(path)
        if hides:
            yield SettingProblem(
                ERROR, "hidden_file", "config", f"{path} is not there for the service: the unit {service.name} has {hides}.",
                "Keep the configuration below /etc, or change the setting of the unit.",
            )
        elif replaces:
            yield SettingProblem(
                WARNING, "hidden_file", "config", f"The service may have another {path}: the unit {service.name} has {replaces}, and what is here was read.",
                "Keep the configuration below /etc, or change the setting of the unit.",
            )


def _plugin_directory(effective: EffectiveSettings, service: Service) -> Iterator[SettingProblem]:
    """OpenBao that has plugins of seals resolves the folder when it starts, whether or not a plugin is configured."""
    value, source = effective.config.values.get("plugin_directory", ("", ""))
    if not (value and effective.product.takes_plugin and (value.startswith("/") or service.directory)):
        return
    if not os.path.exists(os.path.join(service.directory, value)):
        yield SettingProblem(
            ERROR, "missing_plugin_directory", "plugin_directory", f"The folder {value} of plugin_directory ({source}) does not exist, and so the server does "
            "not start.", "Create the folder, or remove the setting.",
        )


def _script(service: Service) -> Iterator[SettingProblem]:
    """A script may do anything before it starts the server, and so may a command that is not the server's."""
    if service.unclear:
        yield SettingProblem(
            WARNING, "unclear_command", "config", f"{service.unclear}. It is taken to give the server what is in the option config, and its own environment.",
            "Start the server itself in the unit.",
        )
        return
    try:
        script = service.executable.startswith("/") and read_regular(service.executable, 2) == b"#!"
    except (OSError, ValueError):
        return
    if script:
        yield SettingProblem(
            WARNING, "unclear_command", "config", f"{service.executable} is a script: it is taken to start the server with its own arguments and environment.",
            "Name the server's executable in the unit.",
        )


def _container(effective: EffectiveSettings, service: Service, local: bool) -> Iterator[SettingProblem]:
    for product, name in LOCAL_CONFIG.items():
        variable = effective.environment.get(name)
        if variable is None or not variable.value or (local and product == effective.product.name):
            continue
        reason = "ignored_variable" if product == effective.product.name else "other_product"
        by = f"the entry point of {'Vault' if product == VAULT else 'OpenBao'}'s container"
        yield SettingProblem(
            WARNING, reason, name,
            f"{name} (from {variable.source}) is read by {by} only" + (f", and not by the unit {service.name}." if service.name else "."),
            "Write it to a configuration file.",
        )


def _credential(name: str, setting: Setting, product: Product) -> Iterator[SettingProblem]:
    if setting.failure == UNREAD:
        yield SettingProblem(
            WARNING, UNREAD, name, f"The {name} is taken from {setting.source}, which cannot be read here: {setting.why}.",
            "Nothing is wrong with that. Where the value has to be proven, let the temporary server judge, or run it while the service runs.",
        )
        return
    if setting.source.startswith("stanza") or " in the stanza" in setting.source or not setting.value:
        return
    what = _place_of_a_value(name, setting.value)
    if what:
        yield SettingProblem(
            ERROR, "not_a_credential", name, f"The {name} (from {setting.source}) is {what}, and {product} takes it for the credential itself.",
            "Set AWS_SHARED_CREDENTIALS_FILE to the path of a credentials file, or refer to the file in the stanza (file://PATH).",
        )


def _place_of_a_value(name: str, value: str) -> str:
    """The kind of a reference to a credential; empty if the value may be a credential itself."""
    if _REFERENCE.match(value):
        return f"a reference ({value.partition(':')[0]}://), which counts in the stanza only"
    if value.startswith("$") or "${" in value:
        return "the name of a variable, which systemd does not replace there"
    if value.startswith("%"):
        return "a specifier, which systemd does not replace there"
    if value.startswith("/") and (name == "access_key" or not _SECRET_KEY.match(value)) and (len(value) < 256 or os.path.exists(value)):
        return "a path"
    return ""
