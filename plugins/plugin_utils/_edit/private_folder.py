# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder for plaintext in memory, which is removed however its creator ends, unless it is kept on purpose."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import tempfile
from types import TracebackType

from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.format.container import SealedValue

_IN_MEMORY = ("tmpfs", "ramfs")
_MOUNTS = "/proc/self/mountinfo"
# Ends with its input, when the process that made the folder closed it or died. The editor may write once more before that.
_GUARD = """
trap '' HUP INT TERM
while read -r word; do group=$word; done
[ "$group" = keep ] && exit
if [ "$group" != done ]; then
    [ -z "$group" ] || kill -KILL "-$group" 2>/dev/null
    [ -z "$2" ] || stty sane <"$2" >"$2" 2>/dev/null
fi
rm -rf -- "$1"
[ "$group" = done ] || { sleep 1; rm -rf -- "$1"; }
"""


class PrivateFolder:
    """A context manager; ``path`` is the folder, which no other user can enter.

    :param where: the parent folder; empty: search for one in memory.
    :param on_disk: accept a folder that is not in memory.
    :param terminal: the terminal to reset if the creator dies; empty for none.
    Raises :class:`SettingError` (``file_error``) if there is no such folder.
    """

    def __init__(self, where: str = "", on_disk: bool = False, terminal: str = "") -> None:
        self._place = _place(where, on_disk)
        self._terminal = terminal
        self.path = ""
        self._kept = False

    def __enter__(self) -> PrivateFolder:
        try:
            self.path = tempfile.mkdtemp(prefix="sealwright-", dir=self._place)
        except OSError as error:
            raise SettingError(f"Cannot create a directory in {self._place}: {error.strerror}.", reason="file_error") from None
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", self.path, self._terminal],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd="/",
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._kept:
            shutil.rmtree(self.path, ignore_errors=True)
            self._send("done")
        self._guard.communicate()

    def write(self, name: str, content: bytes) -> str:
        """Create a file in the folder, for its owner alone; its path."""
        path = os.path.join(self.path, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as stream:
            stream.write(content)
        return path

    def keep(self, plain: str, sealed: SealedValue) -> str:
        """Have one file outlive the folder's use: ``plain`` as it is if the folder is in memory, else ``sealed`` in its place. Its path."""
        self._kept = True
        self._send("keep")
        kept = plain
        if not self.in_memory:
            with contextlib.suppress(OSError):  # on a full disk the plaintext, which on_disk allows there
                kept = self.write(f"{os.path.basename(plain)}.sealed", base64.b64encode(sealed.encode()) + b"\n")
        for name in os.listdir(self.path):  # an editor's own files
            other = os.path.join(self.path, name)
            if other != kept:
                shutil.rmtree(other, ignore_errors=True) if os.path.isdir(other) and not os.path.islink(other) else os.unlink(other)
        os.chmod(kept, 0o600)  # an editor that replaces the file gives it the mode of its umask
        return kept

    @property
    def in_memory(self) -> bool:
        """Whether the folder is in memory; it always is without ``on_disk``."""
        return _is_in_memory(self.path)

    def ends_with_it(self, process_group: int) -> None:
        """Kill these processes if the process that made the folder dies."""
        self._send(str(process_group))

    def _send(self, word: str) -> None:
        if self._guard.stdin is not None:
            self._guard.stdin.write(f"{word}\n".encode())
            self._guard.stdin.flush()


def _place(where: str, on_disk: bool) -> str:
    named = [where] if where else [os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{os.getuid()}", "/dev/shm"]
    writable = [place for place in named if place and os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK)]
    chosen = next((place for place in writable if on_disk or _is_in_memory(place)), "")
    if not chosen:
        raise SettingError(
            f"{where} is not a writable directory in memory." if where else "There is no writable directory in memory.",
            reason="file_error",
            remedy="Mount a tmpfs and set the option directory to it. To store the plaintext on a disk nevertheless, set directory and on_disk.",
        )
    return chosen


def _is_in_memory(place: str) -> bool:
    """Whether the file system is one that Linux keeps in memory; False on other systems."""
    device = os.stat(place).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as mounts:
            # 36 35 98:0 /root /mount/point options [optional fields] - type source options
            entries = [line.split() for line in mounts]
    except OSError:
        return False
    return any(entry[2] == wanted and entry[entry.index("-") + 1] in _IN_MEMORY for entry in entries)
