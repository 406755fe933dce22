# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether files may be replaced by others with another seal. Unknown facts are a reason to refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

AWSKMS = "awskms"
SAME_KEY, ALLOW = "vault_config_same_key", "vault_config_allow_seal_change"


@dataclass(frozen=True)
class Comparison:
    """Whether two configurations name one key: None if unknown, and ``why`` is then the reason."""

    same: bool | None
    old: str = ""
    new: str = ""
    why: str = ""


@dataclass(frozen=True)
class Present:
    """The known facts of the present server.

    ``doubts`` are sentences on what could not be read or understood; ``type`` is the seal's type from the server's response or the files, empty if
    unknown; ``has_key`` whether the files name a key of an awskms seal; ``fresh`` that the host has no configuration of a server at all.
    """

    initialised: bool | None
    type: str
    answered: bool = False
    has_key: bool = False
    fresh: bool = False
    server: str = "The server"
    doubts: Sequence[str] = field(default_factory=tuple)
    unchanged: bool = False
    """Whether the files, all of them understood, have the desired seal already."""


def check_change(
    present: Present, new_type: str, new_key: str, compare: Callable[[], Comparison], same_key: bool = False, allow: bool = False
) -> None:
    """Raise :class:`SettingError` (``seal_change``) unless the seal does not change, or the change is allowed.

    :param compare: compares both keys; called only if that decides.
    """
    if present.initialised is False or (present.fresh and not present.initialised and not present.doubts):
        return
    to_awskms = new_type == AWSKMS and present.type in ("", AWSKMS)
    variable, overridden = (SAME_KEY, same_key) if to_awskms else (ALLOW, allow)
    if present.doubts and not present.unchanged and not overridden:
        meaning = f"it already uses the key {new_key}" if to_awskms else "the seal should change"
        raise _refused(
            f"{_state(present)} Its seal cannot be determined: {'; '.join(present.doubts)}.",
            f"Fix this and run the task again; or, if you know that {meaning}, set {variable}.",
        )
    if not present.type:
        if overridden:
            return
        raise _refused(
            f"{_state(present)} Its seal cannot be determined from this host, and would become {new_type}.",
            f"If it already has this seal{' with the key ' + new_key if to_awskms else ''}, or should get it, set {variable}.",
        )
    if present.type != new_type:
        if not allow:
            raise _refused(
                f"The server's seal would change from {present.type} to {new_type}. This is a seal migration: the server stays sealed until it is "
                "unsealed with the option -migrate and its old key shares.",
                f"To migrate the seal, set {ALLOW}.",
            )
        return
    if new_type == AWSKMS and not same_key and not present.unchanged:
        _check_key(present, new_key, compare)


def _check_key(present: Present, new_key: str, compare: Callable[[], Comparison]) -> None:
    if not present.has_key:
        raise _refused(
            f"{present.server} is initialised with an awskms seal, but no existing file names its key. If its key is not {new_key}, it could not be "
            "unsealed again.",
            f"If it is this key, set {SAME_KEY}.",
        )
    comparison = compare()
    if comparison.same:
        return
    if comparison.same is None:
        raise _refused(
            f"The server's key would change from {comparison.old} to {comparison.new}, and it is unknown whether both are the same key: {comparison.why}",
            f"If both are the same key, set {SAME_KEY}.",
        )
    raise _refused(
        f"The server's key would change from {comparison.old} to {comparison.new}. "
        "Neither product supports a change from awskms to awskms: the server could not be unsealed again.",
        "Keep the alias and point it to the new key, so that the server re-encrypts its keys when it is next unsealed; or migrate to shamir, and then "
        f"to awskms with the new key. If both are the same key, set {SAME_KEY}.",
    )


def _state(present: Present) -> str:
    if present.initialised:
        return f"{present.server} is initialised."
    return f"It is unknown whether {present.server[0].lower()}{present.server[1:]} is initialised, so it is treated as initialised."


def _refused(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="seal_change", remedy=remedy)
