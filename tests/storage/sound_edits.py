# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits a store in QGIS as a careful person would: nothing of it breaks a rule. A process of its own."""

from __future__ import annotations

import sys


def main(path: str) -> None:
    from qgis.core import (
        QgsApplication,
        QgsFeatureRequest,
        QgsGeometry,
        QgsPointXY,
        QgsVectorLayer,
        QgsVectorLayerUtils,
    )

    app = QgsApplication([], False)
    app.initQgis()
    layer = QgsVectorLayer(f"{path}|layername=component_point", "components", "ogr")
    assert layer.isValid()
    done = 0

    def fresh(of):
        return next(of.getFeatures(QgsFeatureRequest().setFilterExpression("name = '新'"))).id()

    layer.startEditing()
    first = next(layer.getFeatures(QgsFeatureRequest().setLimit(1)))
    layer.changeAttributeValue(first.id(), layer.fields().indexFromName("name"), "上水井盖甲")
    done += layer.commitChanges(False)
    place = first.geometry().asPoint()
    moved = QgsGeometry.fromPointXY(QgsPointXY(place.x() + 1, place.y() + 1))  # within its unit grid
    layer.changeGeometry(first.id(), moved)
    done += layer.commitChanges(False)
    added = QgsVectorLayerUtils.createFeature(
        layer, QgsGeometry.fromPointXY(QgsPointXY(360_500, 3_520_500)),
        {layer.fields().indexFromName("class_code"): "0101", layer.fields().indexFromName("name"): "新"},
    )  # fmt: skip
    added["fid"] = None
    layer.addFeature(added)
    done += layer.commitChanges(False)
    layer.changeAttributeValue(fresh(layer), layer.fields().indexFromName("remark"), "改")
    done += layer.commitChanges(False)
    layer.deleteFeature(fresh(layer))  # it has no code yet
    done += layer.commitChanges()
    sys.stdout.write(f"edited {int(done)}\n")
    sys.stdout.flush()
    layer = None
    app.exitQgis()


if __name__ == "__main__":
    main(sys.argv[1])
