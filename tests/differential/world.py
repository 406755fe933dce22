# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What both judges meet: a strict KMS with keys in several regions, principals, proxies, and where AWS hands out credentials."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from support.certificates import make_certificates
from support.credential_endpoints import container_endpoint, metadata_service, temporary_credentials
from support.http_proxy import proxy
from support.strict_kms import Credentials, StrictKms

from . import network

_ALL = ("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt")
# Principals by name, with the actions they may do.
PRINCIPALS = {
    "full": _ALL, "other": _ALL, "third": _ALL,
    "no-describe": _ALL[1:], "no-encrypt": (_ALL[0], _ALL[2]), "no-decrypt": _ALL[:2], "nothing": (),
}
ROLES = {"role": _ALL, "instance": _ALL, "task": _ALL, "weak-role": (_ALL[0],)}
ALIASES = ("alias/a", "alias/b", "alias/c")


class World:
    """The names that combinations may use, and the journals of what was asked."""

    def __init__(self, kms: StrictKms, folder: Path) -> None:
        self.kms = kms
        self.folder = folder
        self.names: dict[str, str] = {}
        self.labels: dict[str, str] = {}  # of keys and principals, by ARN
        self._proxies: list[Any] = []

    @contextmanager
    def up(self) -> Iterator[World]:
        """Everything else around the KMS, which has to be there."""
        with ExitStack() as stack:
            self._principals(stack)
            self._keys()
            self._fronts(stack)
            yield self

    def clear(self) -> None:
        self.kms.clear_calls()
        for each in self._proxies:
            each.asked.clear()

    def asked(self) -> list[dict[str, Any]]:
        """The journal of KMS, with the names of keys and principals in the place of their ARNs."""
        items = []
        for call in self.kms.calls():
            principal = call.get("principal", "")
            items.append({
                "operation": call["operation"],
                "host": call["host"].rpartition(":")[0] or call["host"],
                "region": call.get("region", ""),
                "key": self.labels.get(call.get("answered", ""), call.get("answered", "")),
                "who": self.labels.get(principal, self.labels.get(_role_of(principal), "")),
                "error": call.get("error", ""),
            })
        return items

    def through_proxy(self) -> bool:
        return any(each.asked for each in self._proxies)

    def _principals(self, stack: ExitStack) -> None:
        for name, actions in PRINCIPALS.items():
            self._name(name, self.kms.principal(_policy(actions)))
        for name, actions in ROLES.items():
            role = self.kms.principal(_policy(actions), role=True)
            self.names[f"{name}_arn"] = role.arn
            self.labels[role.arn.rpartition("/")[2]] = name
        session = temporary_credentials(self.kms, Credentials("", "", self.names["role_arn"]), "session")
        self.names.update({f"session_{field}": value for field, value in session.items()})
        instance, task = (
            temporary_credentials(self.kms, Credentials("", "", self.names[f"{name}_arn"]), name) for name in ("instance", "task")
        )
        imds = stack.enter_context(metadata_service(instance, zone="eu-west-1b"))
        container = stack.enter_context(container_endpoint(task))
        network.Front(network.METADATA, 80, imds.server_port)
        network.Front("127.0.0.1", network.CONTAINER, container.server_port)

    def _name(self, name: str, who: Credentials) -> None:
        self.names.update({f"{name}_access": who.access_key, f"{name}_secret": who.secret_key})
        self.labels[who.arn] = name

    def _keys(self) -> None:
        for region in network.REGIONS:
            for alias in ALIASES:
                arn = self.kms.new_key(region, alias=alias)
                self.labels[arn] = f"{region} {alias}"
                self.names[f"{alias[-1]}_{region.replace('-', '_')}"] = arn
        arn = self.names["a_us_east_1"]
        key_id = arn.rpartition("/")[2]
        self.names.update(key_arn=arn, key_id=key_id, key_id_in_capitals=key_id.upper(), alias_arn=arn.replace(f"key/{key_id}", "alias/a"))
        disabled = self.kms.new_key("us-east-1", alias="alias/disabled")
        self.kms.client("kms", "us-east-1").disable_key(KeyId=disabled)
        asymmetric = self.kms.new_key("us-east-1", alias="alias/asymmetric", KeyUsage="ENCRYPT_DECRYPT", KeySpec="RSA_2048")
        self.labels.update({disabled: "us-east-1 alias/disabled", asymmetric: "us-east-1 alias/asymmetric"})

    def _fronts(self, stack: ExitStack) -> None:
        self.names.update(
            plain=f"http://127.0.0.1:{network.PLAIN}", tls=f"https://127.0.0.1:{network.TLS}", store=f"https://127.0.0.1:{network.STORE}",
            own_plain=f"http://{network.OWN_ADDRESS}:{network.PLAIN}", own_tls=f"https://{network.OWN_ADDRESS}:{network.TLS}",
            own_address=network.OWN_ADDRESS, own_network=network.OWN_NETWORK,
            proxy=f"http://127.0.0.1:{network.PROXY}", login_proxy=f"http://user:pass@127.0.0.1:{network.LOGIN_PROXY}",
            no_login_proxy=f"http://127.0.0.1:{network.LOGIN_PROXY}", dead="http://127.0.0.1:9",
            ca=str(self.folder / "own" / "authority.pem"), container=f"http://127.0.0.1:{network.CONTAINER}/credentials",
        )
        kms = self.kms.port
        own, store = (_files(self.folder / name) for name in ("own", "store"))
        for address in ("127.0.0.1", network.OWN_ADDRESS):
            network.Front(address, network.PLAIN, kms)
            network.Front(address, network.TLS, kms, *own)
            network.Front(address, network.STORE, kms, *store)
        network.Front(network.OWN_ADDRESS, 443, kms, *store)
        for port, login in ((network.PROXY, ""), (network.LOGIN_PROXY, "user:pass")):
            between = stack.enter_context(proxy(login))
            network.Front("127.0.0.1", port, between.server_port)
            self._proxies.append(between)


@contextmanager
def world() -> Iterator[World]:
    """Make the network of this process's namespaces, and everything in it."""
    with tempfile.TemporaryDirectory(prefix="differential-") as name:
        folder = Path(name)
        for part, names in (("own", (network.OWN_ADDRESS,)), ("store", (network.OWN_ADDRESS, *network.AWS_NAMES))):
            (folder / part).mkdir()
            make_certificates(folder / part, names, f"authority {part}")
        network.set_up(folder, str(folder / "store" / "authority.pem"))
        with StrictKms() as kms, World(kms, folder).up() as made:
            yield made


def _files(folder: Path) -> tuple[str, str]:
    return str(folder / "certificate.pem"), str(folder / "key.pem")


def _policy(actions: tuple[str, ...]) -> dict[str, Any] | None:
    if not actions:
        return None
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def _role_of(principal: str) -> str:
    """The name of the role that a session's ARN names."""
    return principal.split("/")[1] if ":assumed-role/" in principal else ""
