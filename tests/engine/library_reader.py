# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a store with pyogrio and Fiona in turn, opening and closing it each time, until stdin ends."""

from __future__ import annotations

import json
import sys
import threading


def main(path: str) -> None:
    import fiona
    import pyogrio

    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    loops, errors, locked = 0, [], 0
    while not ended.is_set():
        try:
            pyogrio.read_dataframe(path, layer="component_point")
            pyogrio.read_info(path, layer="code_register")
            with fiona.open(path, layer="unit_grid") as source:
                list(source)
        except Exception as error:
            if "locked" in str(error) or "busy" in str(error):
                locked += 1
            else:
                errors.append(f"{type(error).__name__}: {error}")
        loops += 1
    sys.stdout.write(json.dumps({"loops": loops, "errors": errors, "locked": locked}))


if __name__ == "__main__":
    main(sys.argv[1])
