# SPDX-License-Identifier: GPL-2.0-or-later
"""A second program that writes with plain sqlite3 (and the ST_ functions, as any GIS has them) until stdin ends."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import threading
import time

from digital_citymgmt_plugin.storage.blob import register_functions


def main(path: str) -> None:
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    added, locked, errors, number = [], 0, [], 0
    while not ended.is_set():
        number += 1
        name = f"P{number}"
        with contextlib.closing(sqlite3.connect(path, timeout=5)) as connection:
            register_functions(connection)
            try:
                with connection:
                    connection.execute("INSERT INTO component_point (class_code, name) VALUES ('0102', ?)", (name,))
                added.append(name)
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    locked += 1
                else:
                    errors.append(str(error))
            except sqlite3.Error as error:
                errors.append(str(error))
        time.sleep(0.05)
    sys.stdout.write(json.dumps({"added": added, "locked": locked, "errors": errors, "loops": number}))


if __name__ == "__main__":
    main(sys.argv[1])
