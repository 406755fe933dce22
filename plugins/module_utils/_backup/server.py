# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server whose snapshot is taken: finds the active node, and reads the snapshot as a stream, with the Python standard library only.

Redirects are never followed. The active node is the one that the server names in ``sys/leader``, and gets the token only if it reports the same cluster,
and the connection to it is as safe as the one to the configured address.
"""

from __future__ import annotations

import json
import ssl
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, IncompleteRead
from typing import Any, NamedTuple
from urllib.error import HTTPError

from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.address import checked_address, why_unsafe
from ansible_collections.sealwright.vault_seal.plugins.module_utils._backup.options import BackupOptions
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.plain_text import only_plain_text
from ansible_collections.sealwright.vault_seal.plugins.module_utils._module.vault_answers import (
    MAX_ANSWER,
    as_object,
    errors_of,
    leader_of,
    parsed,
    seal_status_of,
    shortened,
)
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.blanking import Secrets
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SealError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_files import check_opens

POLICY = 'path "sys/storage/raft/snapshot" {\n  capabilities = ["read"]\n}\n'
"""The policy that the token needs."""

SNAPSHOT = "sys/storage/raft/snapshot"
_PIECE = 1 << 20
_PAUSE = 0.5  # seconds between two requests for the active node
_TOKEN_REMEDY = f"Create a new token with this policy: {' '.join(POLICY.split())}"


class Node(NamedTuple):
    """The active node; ``is_self``: the node that was asked. ``cluster_id`` is empty for a release that does not report it."""

    address: str
    is_self: bool
    cluster_id: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_others: Any) -> None:
        """None: the response itself is the result."""
        return


class SnapshotServer:
    """The servers of one cluster, by their configured addresses."""

    def __init__(self, options: BackupOptions, secrets: Secrets) -> None:
        """Raises :class:`SettingError` for an address or a CA file that cannot be used."""
        self._options = options
        self._secrets = secrets
        self.addresses = [checked_address(address) for address in (options.server_address, *options.other_addresses)]
        if options.server_ca_path:
            check_opens("option server_ca_path", options.server_ca_path)
        # A proxy for http would get the token in clear, for addresses of this host too.
        proxies = {scheme: url for scheme, url in urllib.request.getproxies().items() if scheme == "https"}
        handlers = (urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=self._context()), _NoRedirect())
        self._opener = urllib.request.build_opener(*handlers)

    def active_node(self) -> Node:
        """The node to take the snapshot from; waits for an election at most ``server_timeout`` seconds. Raises :class:`SealError`."""
        end = time.monotonic() + self._options.server_timeout
        while True:
            try:
                return self._active_node()
            except SealError as error:
                # An unreachable server is reported immediately; a cluster that elects a leader is waited for.
                if error.reason not in ("no_active_node", "leader_unreachable") or time.monotonic() + _PAUSE > end:
                    raise
            time.sleep(_PAUSE)

    def renew(self, node: Node, token: str) -> str:
        """Renew the token; the reason why it was not, or an empty text."""
        try:
            status, content = self._json(node.address, "auth/token/renew-self", token, {})
        except SealError as error:
            return error.message
        return "" if status == 200 else f"status {status}: {self._errors(content)}"

    def may_read(self, node: Node, token: str) -> bool | None:
        """Whether the token is allowed to read the snapshot; None if it is not allowed to ask that. Raises :class:`SealError` if there is no response."""
        status, content = self._json(node.address, "sys/capabilities-self", token, {"paths": [SNAPSHOT]})
        capabilities = as_object(content.get("data")).get(SNAPSHOT) or content.get(SNAPSHOT)
        if status != 200 or not isinstance(capabilities, list):
            return None
        return bool({"read", "root", "sudo"} & {each for each in capabilities if isinstance(each, str)})

    @contextmanager
    def snapshot(self, node: Node, token: str) -> Iterator[Iterator[bytes]]:
        """The snapshot, in pieces of at most 1 MiB; raises :class:`SealError`, for an incomplete transfer with the reason ``snapshot_interrupted``."""
        request = urllib.request.Request(f"{node.address}/v1/{SNAPSHOT}", headers=self._headers(token))
        with self._opened(request, node.address, SNAPSHOT) as answer:
            if answer.status != 200:
                raise self._refused(answer, node)
            yield self._pieces(answer, node)

    def _pieces(self, answer: Any, node: Node) -> Iterator[bytes]:
        end = time.monotonic() + self._options.snapshot_timeout
        declared = answer.headers.get("Content-Length")
        received = 0
        try:
            while True:
                piece = answer.read1(_PIECE)
                if not piece:
                    break
                received += len(piece)
                yield piece
                if time.monotonic() > end:
                    raise _interrupted(node, received, f"it was not complete after {self._options.snapshot_timeout:g} s", "Increase snapshot_timeout.")
        except IncompleteRead:
            raise _interrupted(node, received, "the connection was closed") from None
        except (HTTPException, OSError, ValueError) as error:
            raise _interrupted(node, received, shortened(self._text(str(error) or type(error).__name__))) from None
        if declared and declared.isdigit() and int(declared) != received:
            raise _interrupted(node, received, f"the server announced {declared}")

    def _active_node(self) -> Node:
        failed = SealError("No address of a server is set.", reason="invalid_option", remedy="Set server_address.")
        for number, address in enumerate(self.addresses):
            try:
                return self._leader_by(address)
            except SealError as error:
                # That there is no active node yet is worth waiting for, whatever the other addresses answer.
                if not number or error.reason in ("no_active_node", "leader_unreachable"):
                    failed = error
        raise failed

    def _leader_by(self, address: str) -> Node:
        status, content = self._json(address, "sys/seal-status")
        if status != 200:
            raise self._unexpected(address, "sys/seal-status", status, content)
        state = seal_status_of(content, f"The server at {address} responded to sys/seal-status")
        if state["sealed"]:
            raise SealError(f"The server at {address} is sealed.", reason="server_sealed", remedy="Unseal it, and check its seal and KMS key.")
        self._check_cluster(address, state["cluster_id"])
        status, content = self._json(address, "sys/leader")
        if status != 200:
            raise self._unexpected(address, "sys/leader", status, content)
        leader = leader_of(content, f"The server at {address} responded to sys/leader")
        if leader["is_self"] or not leader["ha_enabled"]:
            return Node(address, True, state["cluster_id"])
        if not leader["leader_address"]:
            raise SealError(
                f"The server at {address} knows no active node.",
                reason="no_active_node",
                remedy="Check that a majority of the servers is running and unsealed.",
            )
        if self._options.if_standby != "redirect":
            return Node(address, False, state["cluster_id"])
        return self._trusted_leader(address, leader["leader_address"], state["cluster_id"])

    def _trusted_leader(self, address: str, named: str, cluster_id: str) -> Node:
        """The active node that a server named, before any token is sent to it."""
        try:
            target = checked_address(named)
        except SettingError:
            raise _unsafe(address, shortened(self._text(named)), "is not a URL") from None
        why = "" if target in self.addresses else why_unsafe(address, target)
        if why:
            raise _unsafe(address, target, why)
        try:
            status, content = self._json(target, "sys/seal-status")
        except SealError as error:
            raise SealError(f"{error.message} {address} names it as the active node.", reason="leader_unreachable", remedy=error.remedy) from None
        state = seal_status_of(content, f"The server at {target} responded to sys/seal-status") if status == 200 else None
        if state is None or state["sealed"]:
            raise SealError(f"The active node {target} does not respond as an unsealed server.", reason="leader_unreachable", remedy="Check its state.")
        if not cluster_id or state["cluster_id"] != cluster_id:
            raise _unsafe(address, target, "does not belong to the same cluster")
        return Node(target, True, cluster_id)

    def _check_cluster(self, address: str, cluster_id: str) -> None:
        wanted = self._options.cluster_id
        if wanted and wanted != cluster_id:
            raise SealError(
                f"The server at {address} belongs to the cluster {cluster_id or 'unknown'}, not to {wanted}. The token was not sent.",
                reason="wrong_cluster",
                remedy="Check server_address and cluster_id.",
            )

    def _json(self, address: str, path: str, token: str = "", body: Any = None) -> tuple[int, dict[str, Any]]:
        """Status and content of a response; raises :class:`SealError` (``server_unreachable``)."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{address}/v1/{path}", data=data, headers=self._headers(token), method="GET" if data is None else "POST")
        with self._opened(request, address, path) as answer:
            try:
                content = answer.read(MAX_ANSWER + 1)
            except (HTTPException, OSError, ValueError) as error:
                raise self._no_answer(address, path, error) from None
            return answer.status, as_object(parsed(content[:MAX_ANSWER]))

    @contextmanager
    def _opened(self, request: urllib.request.Request, address: str, path: str) -> Iterator[Any]:
        try:
            answer = self._opener.open(request, timeout=self._options.server_timeout)
        except HTTPError as error:
            answer = error
        except (HTTPException, OSError, ValueError) as error:
            raise self._no_answer(address, path, getattr(error, "reason", None) or error) from None
        with answer:
            yield answer

    def _no_answer(self, address: str, path: str, error: object) -> SealError:
        return SealError(
            f"The server at {address} did not respond to {path}: {shortened(self._text(str(error) or type(error).__name__))}.",
            reason="server_unreachable",
            remedy="Check that the server is running, that its address is reachable from this host, and its certificate.",
        )

    def _refused(self, answer: Any, node: Node) -> SealError:
        try:
            content = as_object(parsed(answer.read(MAX_ANSWER)))
        except (HTTPException, OSError, ValueError):
            content = {}
        if answer.status == 403:
            return SealError(
                f"The server at {node.address} rejected the token: {self._errors(content)}. It has expired, was revoked, or is not allowed to read {SNAPSHOT}.",
                reason="token_rejected",
                remedy=_TOKEN_REMEDY,
            )
        if 300 <= answer.status < 400:
            return SealError(f"The node {node.address} is no longer active.", reason="no_active_node", remedy="Run the backup again.")
        return self._unexpected(node.address, SNAPSHOT, answer.status, content)

    def _unexpected(self, address: str, path: str, status: int, content: dict[str, Any]) -> SealError:
        reason = "server_failed" if status >= 500 else "server_refused"
        return SealError(
            f"The server at {address} rejected {path} with status {status}: {self._errors(content)}.",
            reason=reason,
            remedy="Check the server's log, and that its storage is raft: other storages have no snapshots.",
        )

    def _errors(self, content: dict[str, Any]) -> str:
        return shortened(self._text(errors_of(content))) or "no reason was returned"

    def _text(self, text: str) -> str:
        """A text of the server's or of the HTTP library, which may repeat the token."""
        return only_plain_text(self._secrets.blank(text)) if self._secrets else text

    def _headers(self, token: str) -> dict[str, str]:
        common = {"User-Agent": "sealwright.vault_seal", "X-Vault-Request": "true", "Content-Type": "application/json"}
        return {**common, "X-Vault-Token": token} if token else common

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._options.server_ca_path or None)
        except (OSError, ValueError):
            raise SettingError(
                f"The file {self._options.server_ca_path} of option server_ca_path does not contain a CA certificate.",
                reason="invalid_option",
                remedy="Use the CA certificate in PEM format.",
            ) from None
        if not self._options.server_validate_certs:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _unsafe(address: str, target: str, why: str) -> SealError:
    return SealError(
        f"The server at {address} names {target} as the active node, which {why}. The token was not sent there.",
        reason="unsafe_leader",
        remedy="Correct api_addr in the configuration of that node, or set server_address to the address of the active node.",
    )


def _interrupted(node: Node, received: int, why: str, remedy: str = "") -> SealError:
    return SealError(
        f"The snapshot from {node.address} ended after {received} bytes: {why}.",
        reason="snapshot_interrupted",
        remedy=remedy or "Check the server and its log, and run the backup again.",
    )
