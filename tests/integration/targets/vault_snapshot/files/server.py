# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a real, initialised server in FOLDER until it is terminated, with its address in FOLDER/address and its root token in FOLDER/token."""

import os
import signal
import sys
from pathlib import Path

from support.openbao import OpenBao

folder = Path(sys.argv[1])
connection = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with OpenBao(folder / "bao", connection, {"kms_key_id": "alias/integration", "region": "us-east-1"}) as server:
    (folder / "bao.pid").write_text(str(os.getpid()), encoding="ascii")
    (folder / "token").write_text(server.initialise(), encoding="ascii")
    (folder / "part").write_text(server.url, encoding="ascii")
    (folder / "part").rename(folder / "address")
    signal.pause()
