# SPDX-License-Identifier: GPL-2.0-or-later
"""A person in QGIS: loads layers, adds and renames components, saves, drops the layers; reads the same file with
pyogrio, Fiona and ``open()`` in this very process, which drops its POSIX locks on it. Until stdin ends.

Prints what QGIS confirmed: names added and renamed; how often it was locked; any other error.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path


def main(path: str) -> None:
    import fiona
    import pyogrio
    from osgeo import gdal
    from qgis.core import QgsApplication, QgsFeatureRequest, QgsGeometry, QgsVectorLayer, QgsVectorLayerUtils

    app = QgsApplication([], False)
    app.initQgis()
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    added, renamed, errors, locked, loops, flips = [], {}, [], 0, 0, 0

    def save(layer):
        nonlocal locked, flips
        for _ in range(40):
            if layer.commitChanges():
                return True
            text = " ".join(layer.commitErrors())
            if "Cannot reopen datasource" in text:
                # Written, but the journal mode changed while QGIS opened the file again: a person loads the layer anew.
                flips += 1
                return True
            if "locked" not in text and "busy" not in text:
                errors.append(text)
                break
            locked += 1
            time.sleep(0.1)
        layer.rollBack()
        return False

    while not ended.is_set():
        loops += 1
        # GDAL gives up when the engine leaves WAL mode in the very moment of its opening: a person tries again.
        for _ in range(3):
            layer = QgsVectorLayer(f"{path}|layername=component_point", "component_point", "ogr")
            if layer.isValid():
                break
            time.sleep(0.2)
        else:
            errors.append(f"invalid layer: {gdal.GetLastErrorMsg()}")
            continue
        name = f"Q{loops}"
        if not layer.startEditing():  # GDAL got it read-only while the file changed hands: a person tries again
            continue
        feature = QgsVectorLayerUtils.createFeature(layer)
        feature["class_code"], feature["name"] = "0101", name
        feature.setGeometry(QgsGeometry.fromWkt(f"POINT({500_000 + loops % 900} {3_520_000 + loops % 700})"))
        layer.addFeature(feature)
        if save(layer):
            added.append(name)
        if added and loops % 2 and layer.isValid():
            old = added[loops % len(added)]
            request = QgsFeatureRequest().setFilterExpression(f"\"name\" = '{old}'")
            found = next(layer.getFeatures(request), None)
            if found is not None and layer.startEditing():
                layer.changeAttributeValue(found.id(), layer.fields().indexOf("remark"), f"r{loops}")
                if save(layer):
                    renamed[old] = f"r{loops}"
        if loops % 3 == 0:
            pyogrio.read_dataframe(path, layer="component_point")
            with fiona.open(path, layer="unit_grid") as source:
                list(source)
            with Path(path).open("rb") as file:
                file.read(100)
        sum(1 for _ in layer.getFeatures())
        time.sleep(0.15)
    del layer
    sys.stdout.write(
        json.dumps(
            {"added": added, "renamed": renamed, "locked": locked, "errors": errors, "loops": loops, "flips": flips}
        )
    )
    sys.stdout.flush()
    app.exitQgis()


if __name__ == "__main__":
    main(sys.argv[1])
