# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One driver in a separate process: `worker.py DRIVER SECONDS SEED ENGINE STATE CORPUS [MORE CORPUS...]`.

STATE is a file of JSON, written about once a second: inputs so far, and findings. CORPUS is a folder, in which inputs that found new ways are kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

_MEMORY = 4 << 30  # bytes of address space
_KEPT = 3000  # inputs of the corpus
_USUAL, _LARGE = 4096, 64  # bytes of an input, and of how many one may be longer
_GROWN = 0.15  # of the time, for large inputs


class State:
    """What the parent process reads."""

    def __init__(self, path: Path, keeper: Any) -> None:
        self._path = path
        self._keeper = keeper
        self._begin = monotonic()
        self._written = 0.0
        self.inputs = 0

    def count(self) -> None:
        self.inputs += 1
        if not self.inputs & 63 and monotonic() - self._written > 1:
            self.write()

    def write(self) -> None:
        self._written = monotonic()
        state = {"inputs": self.inputs, "seconds": self._written - self._begin, "findings": self._keeper.findings}
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(state), encoding="utf-8")
        part.replace(self._path)


def growing(driver: Any, keeper: Any, state: State, seed: int) -> Callable[[list[bytes], float], None]:
    """What tries a large input now and then: as long as such ones took less than their share of the time so far."""
    from ansible_collections.sealwright.vault_seal.tests.fuzz.grow import Grower

    grower, taken = Grower(seed + 2, driver.words, driver.longest, driver.growth), 0.0

    def grow(corpus: list[bytes], seconds: float) -> None:
        nonlocal taken
        if taken <= seconds * _GROWN:
            begin = monotonic()
            keeper.one(grower.grown(corpus))
            state.count()
            taken += monotonic() - begin

    return grow


def at_random(driver: Any, keeper: Any, state: State, seconds: float, seed: int, corpus_folder: Path, seeds: list[bytes]) -> None:
    """Mutate the seeds and whatever led to an outcome that was not seen before."""
    from ansible_collections.sealwright.vault_seal.tests.fuzz.mutate import Mutator

    mutator, rare = Mutator(seed, driver.words, _USUAL), Mutator(seed + 1, driver.words, driver.longest)
    grower = growing(driver, keeper, state, seed)
    corpus, outcomes = list(seeds), set()
    for data in seeds:
        outcomes.add(keeper.one(data))
        state.count()
    end = monotonic() + seconds
    while monotonic() < end:
        grower(corpus, monotonic() - end + seconds)
        data = (mutator if state.inputs % _LARGE else rare).mutated(corpus)
        outcome = keeper.one(data)
        state.count()
        if outcome and outcome not in outcomes and len(corpus) < _KEPT:
            outcomes.add(outcome)
            corpus.append(data[:_USUAL])
            (corpus_folder / hashlib.sha256(data[:_USUAL]).hexdigest()[:16]).write_bytes(data[:_USUAL])
    state.write()


def guided(driver: Any, keeper: Any, state: State, seconds: float, seed: int, corpus_folder: Path, seeds: list[bytes]) -> None:
    """Let atheris choose the inputs; it ends the process."""
    import atheris

    for data in seeds:
        (corpus_folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    text = corpus_folder.with_suffix(".words")
    text.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in driver.words), encoding="ascii")

    grower, begin = growing(driver, keeper, state, seed), monotonic()

    def one(data: bytes) -> None:
        keeper.one(data)
        state.count()
        grower(seeds, monotonic() - begin)

    options = [f"-max_total_time={int(seconds)}", f"-seed={seed or 1}", f"-max_len={_USUAL * 2}", "-rss_limit_mb=3000", "-timeout=120"]
    if driver.words:
        options.append(f"-dict={text}")
    artifacts = f"-artifact_prefix={corpus_folder.parent}/{driver.name}-"
    atheris.Setup([sys.argv[0], *options, artifacts, "-print_final_stats=1", str(corpus_folder)], one)
    atheris.Fuzz()


def main(line: list[str]) -> int:
    name, seconds, seed, engine, state_file, *folders = line
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if engine == "guided":
        import atheris

        with atheris.instrument_imports(include=["ansible_collections.sealwright", "json", "yaml"]):
            from ansible_collections.sealwright.vault_seal.tests.fuzz.catalogue import drivers

            driver = drivers()[name]
    else:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        from ansible_collections.sealwright.vault_seal.tests.fuzz.catalogue import drivers

        driver = drivers()[name]
    from ansible_collections.sealwright.vault_seal.tests.fuzz.keeper import Keeper

    keeper = Keeper(driver)
    state = State(Path(state_file), keeper)
    state.write()
    corpus = Path(folders[0])
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = [data for data in driver.seeds() if len(data) <= 65536] or [b""]
    for folder in folders:
        seeds += [path.read_bytes()[:65536] for path in sorted(Path(folder).glob("*"))[:_KEPT] if path.is_file()]
    (guided if engine == "guided" else at_random)(driver, keeper, state, float(seconds), int(seed), corpus, seeds)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main(sys.argv[1:]))
