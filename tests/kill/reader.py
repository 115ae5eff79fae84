# SPDX-License-Identifier: GPL-2.0-or-later
"""The handle on a QGIS process that runs ``qgis_reader.py``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


class Reader:
    """QGIS reading in a process of its own; ``sys.executable`` sees the system's QGIS, but this process does not."""

    def __init__(self, folder: Path) -> None:
        script = Path(__file__).with_name("qgis_reader.py")
        env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        folder.chmod(0o700)
        self._log = (folder / "reader.log").open("w", encoding="utf-8")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._log}
        self._process = subprocess.Popen([sys.executable, str(script)], env=env, text=True, **pipes)
        assert "ready" in self._answer(), (folder / "reader.log").read_text(encoding="utf-8")

    def read(self, path: Path, rounds: int = 0) -> None:
        """From now on read the layers of this store, for ever; come back after some rounds through all of them."""
        self._tell(f"read {path}")
        self.wait(rounds)

    def wait(self, rounds: int) -> None:
        """Wait until so many rounds through all layers that begin from now on are over."""
        if rounds:
            self._tell(f"rounds {rounds}")
            assert self._answer() == {"rounds": rounds}

    def pause(self) -> dict[str, Any]:
        """Stop, let go of all layers and tell what was seen."""
        self._tell("pause")
        return self._answer()

    def close(self) -> None:
        self._process.communicate(timeout=30)
        self._log.close()

    def _tell(self, line: str) -> None:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        assert line, f"the reader ended (exit {self._process.poll()})"
        return json.loads(line)
