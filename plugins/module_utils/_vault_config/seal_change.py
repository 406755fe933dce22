# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether files may be replaced by others with another seal. What is not known is a reason to refuse, never to go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError

AWSKMS = "awskms"
SAME_KEY, ALLOW = "vault_config_same_key", "vault_config_allow_seal_change"


@dataclass(frozen=True)
class Comparison:
    """Whether two configurations name one key: None where it cannot be told, and ``why`` then says why."""

    same: bool | None
    old: str = ""
    new: str = ""
    why: str = ""


@dataclass(frozen=True)
class Present:
    """What is known of the server as it is.

    ``doubts`` are sentences on what could not be read or understood; ``type`` is the seal's type by the server's answer or by the files, empty where
    nothing tells it; ``has_key`` whether the files name a key of an awskms seal; ``fresh`` that the host has no configuration of a server at all.
    """

    initialised: bool | None
    type: str
    answered: bool = False
    has_key: bool = False
    fresh: bool = False
    server: str = "The server"
    doubts: Sequence[str] = field(default_factory=tuple)
    unchanged: bool = False
    """Whether the files, all of them understood, have the very seal that they are to have."""


def check_change(
    present: Present, new_type: str, new_key: str, compare: Callable[[], Comparison], same_key: bool = False, allow: bool = False
) -> None:
    """Raise :class:`SettingError` (``seal_change``) unless the seal stays as it is, or what changes is allowed.

    :param compare: tells whether both name one key; called only where that decides.
    """
    if present.initialised is False or (present.fresh and not present.initialised and not present.doubts):
        return
    to_awskms = new_type == AWSKMS and present.type in ("", AWSKMS)
    variable, overridden = (SAME_KEY, same_key) if to_awskms else (ALLOW, allow)
    if present.doubts and not present.unchanged and not overridden:
        meaning = f"it has the key {new_key} already" if to_awskms else "the seal is to change"
        raise _refused(
            f"{_state(present)} Which seal it has cannot be told: {'; '.join(present.doubts)}.",
            f"Put that right and run this again; or, where you know that {meaning}, set {variable}.",
        )
    if not present.type:
        if overridden:
            return
        raise _refused(
            f"{_state(present)} Nothing on this host tells which seal it has, and it would get {new_type}.",
            f"Where it has this seal already{' with the key ' + new_key if to_awskms else ''}, or is to get it, set {variable}.",
        )
    if present.type != new_type:
        if not allow:
            raise _refused(
                f"The server's seal is {present.type}, and would be {new_type}. That is a migration of the seal: the server stays sealed until it was "
                "unsealed with the option -migrate and its old key shares.",
                f"Where that is what you want, set {ALLOW}.",
            )
        return
    if new_type == AWSKMS and not same_key and not present.unchanged:
        _check_key(present, new_key, compare)


def _check_key(present: Present, new_key: str, compare: Callable[[], Comparison]) -> None:
    if not present.has_key:
        raise _refused(
            f"{present.server} is initialised with an awskms seal, and no file that is there tells its key. Another key than {new_key} would not "
            "unseal again.",
            f"Where it is this key, set {SAME_KEY}.",
        )
    found = compare()
    if found.same:
        return
    if found.same is None:
        raise _refused(
            f"The server would go from the key {found.old} to {found.new}, and whether both are one key cannot be told: {found.why}",
            f"Where both name one key, set {SAME_KEY}.",
        )
    raise _refused(
        f"The server would go from the key {found.old} to {found.new}. A change from awskms to awskms is supported by neither product: it would not "
        "unseal again.",
        "Either keep the alias and let it lead to the new key, whereupon the server seals anew when it is next unsealed; or migrate to shamir, and then "
        f"to awskms with the new key. Where both name one key, set {SAME_KEY}.",
    )


def _state(present: Present) -> str:
    if present.initialised:
        return f"{present.server} is initialised."
    return f"Whether {present.server[0].lower()}{present.server[1:]} is initialised cannot be told, so it counts as initialised."


def _refused(message: str, remedy: str) -> SettingError:
    return SettingError(message, reason="seal_change", remedy=remedy)
