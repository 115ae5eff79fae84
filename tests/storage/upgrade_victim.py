# SPDX-License-Identifier: GPL-2.0-or-later
"""An upgrade in a process of its own, to be killed: store, folder of steps, version to reach."""

from __future__ import annotations

import sys
from pathlib import Path

from digital_citymgmt_plugin.storage import gpkg, upgrading
from tests.support import NOW


def main(path: str, folder: str, target: int) -> None:
    gpkg.SCHEMA_VERSION = target  # of a later release
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    upgrading.upgrade_store(
        path, program="victim", done_by="tester", clock=lambda: NOW, folder=Path(folder), target=target
    )
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
