# SPDX-License-Identifier: GPL-2.0-or-later
"""QGIS as a reader in a process of its own: loads, iterates, asks for extents and drops the store's layers for ever.

Lines on stdin: ``read PATH`` (from now on), ``rounds N`` (tell when N whole rounds from now on are over), ``pause``
(drop all layers, tell what was seen), end of input. Answers are JSON lines on stdout.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path

TABLES = ("component_point", "unit_grid", "admin_area", "case_record", "code_register", "operation", "check_issue")


def main() -> None:
    from qgis.core import Qgis, QgsApplication, QgsVectorLayer

    QgsApplication.setPrefixPath("/usr", True)
    app = QgsApplication([], False)
    app.initQgis()
    messages: list[str] = []
    received = app.messageLog().messageReceived[str, str, Qgis.MessageLevel]
    received.connect(lambda text, tag, level: messages.append(f"{tag}: {text}"))
    lines: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in iter(sys.stdin.readline, ""):
            lines.put(line.strip())
        lines.put("end")

    threading.Thread(target=listen, daemon=True).start()
    say({"ready": os.getpid()})
    path, layers, seen, asked, due = "", {}, new_notes(), 0, 0
    while True:
        try:
            line = lines.get(block=not path)
        except queue.Empty:
            line = ""
        if line.startswith("read "):
            path, layers, seen = line[5:], {}, new_notes()
            messages.clear()
        elif line.startswith("rounds "):
            asked = int(line[7:])
            due = seen["loops"] + asked
        elif line == "pause":
            path, layers = "", {}
            app.processEvents()
            seen["counts"] = {name: sorted(counts) for name, counts in seen["counts"].items()}
            say({**seen, "messages": messages[:20]})
        elif line == "end":
            break
        if not path or not Path(path).exists():
            continue
        if seen["loops"] % 3 == 2:
            layers = {}  # what closing the last handle does is part of the test
        for table in TABLES:
            layer = layers.get(table)
            if layer is None or not layer.isValid():
                layer = layers[table] = QgsVectorLayer(f"{path}|layername={table}", table, "ogr")
            if not layer.isValid():
                seen["invalid"] += 1
                continue
            layer.dataProvider().updateExtents()
            layer.extent()
            count = sum(1 for feature in layer.getFeatures() if feature.isValid())
            seen["features"] += count
            seen["counts"].setdefault(table, set()).add(count)
            if layer.dataProvider().hasErrors():
                seen["errors"] += layer.dataProvider().errors()
                layer.dataProvider().clearErrors()
            if lines.qsize():
                break
        else:
            if due and seen["loops"] + 1 >= due:
                due = 0
                say({"rounds": asked})
        seen["loops"] += 1
    layers.clear()
    app.exitQgis()


def new_notes() -> dict:
    return {"loops": 0, "features": 0, "invalid": 0, "errors": [], "counts": {}}


def say(message: dict) -> None:
    sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
