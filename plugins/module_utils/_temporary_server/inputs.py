# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the real server that a temporary server uses: its executable, the environment of its seal, its plugins, and a folder for its user."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.server import ConfiguredServer
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.service_rights import account_of
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.products import OPENBAO, Product
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.server.seal_settings import EffectiveSettings

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The servers' variables that concern the seal: others, such as VAULT_RAFT_PATH, would refer to the real server's data.
_OF_THE_SERVERS = ("BAO_", "VAULT_")
_OF_THE_SEAL = re.compile(r"(?:BAO|VAULT)_(?:SEAL_TYPE|AWSKMS_SEAL_\w+|LICENSE|LICENSE_PATH)\Z")
# The same for other types. A transit seal is a client of another server, and reads a client's variables.
_OF_OTHER_SEALS = {
    "alicloudkms": "ALICLOUDKMS_",
    "azurekeyvault": "AZUREKEYVAULT_",
    "gcpckms": "GCPCKMS_",
    "kmip": "KMIP_",
    "ocikms": "OCIKMS_",
    "pkcs11": "HSM_|PKCS11_",
    "static": "STATIC_",
    "transit": r"TRANSIT_|(?:ADDR|AGENT_ADDR|TOKEN|NAMESPACE|CACERT|CACERT_BYTES|CAPATH|CLIENT_CERT|CLIENT_KEY|TLS_SERVER_NAME|SKIP_VERIFY|PROXY_ADDR"
    r"|HTTP_PROXY|CLIENT_TIMEOUT|MAX_RETRIES|RATE_LIMIT|SRV_LOOKUP|DISABLE_REDIRECTS)\Z",
}
# Settings of the top level without which the seal, or the server, would not be the same.
_SAME = ("enable_multiseal", "license_path", "plugin_directory", "plugin_file_permissions", "plugin_file_uid")


def executable_names(product: Product) -> tuple[str, ...]:
    """The name of the executable if neither an option nor a unit sets it."""
    return ("bao", "openbao") if product.name == OPENBAO else ("vault",)


def find_executable(option: str | None, server: ConfiguredServer) -> str:
    """The path of the executable from the option or the unit, otherwise the product's on PATH; empty if it does not exist."""
    named = option or server.service.executable
    names = (named,) if named else executable_names(server.in_force.product)
    return next(filter(None, (shutil.which(name) for name in names)), "")


def environment_of_seal(server: ConfiguredServer, others: Collection[str] = ()) -> dict[str, str]:
    """The service's variables without those that lead a server to the real server's data.

    :param others: types of seals other than awskms that the temporary server is given too.
    """
    every = {name: variable.value for name, variable in server.in_force.environment.items()}
    patterns = [_OF_THE_SEAL, *(re.compile(rf"(?:BAO|VAULT)_(?:{_OF_OTHER_SEALS[kind]})") for kind in others if kind in _OF_OTHER_SEALS)]
    return {
        name: value for name, value in every.items()
        if not name.startswith(_OF_THE_SERVERS) or any(pattern.match(name) for pattern in patterns)
    }


def same_settings(in_force: EffectiveSettings) -> dict[str, Any]:
    """Further settings that the temporary server shares with the real one."""
    config: dict[str, Any] = {name: value for name, (value, _source) in in_force.config.values.items() if name in _SAME}
    if in_force.config.plugins:
        config["plugin"] = [{plugin.type: {plugin.name: plugin.settings}} for plugin in in_force.config.plugins]
    if in_force.product.name != OPENBAO:
        config["disable_mlock"] = True  # which OpenBao does not know any more
    return config


def base_environment(server: ConfiguredServer) -> Mapping[str, str]:
    """The environment to which the variables of the service are added."""
    return {"PATH": PATH, "HOME": server.home or os.path.expanduser("~")}


def check_owner(parent: str, user: str, remedy: str) -> None:
    """As root: the owner of a folder may replace its content, and could thereby choose what the server's user executes.

    Raises :class:`SealError` (``file_error``), and OSError if the folder does not exist.
    """
    status = os.stat(parent)
    trusted = (0, os.geteuid(), *((account_of(user).pw_uid,) if user else ()))
    if os.geteuid() == 0 and (status.st_uid not in trusted or status.st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH):
        raise SealError(
            f"{parent} belongs to user {status.st_uid}, mode {stat.S_IMODE(status.st_mode):04o}: others could replace what is made there.",
            reason="file_error", remedy=remedy,
        )
