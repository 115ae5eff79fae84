# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits a store in QGIS as a person would in an unlocked layer; a process of its own. Prints what came of each."""

from __future__ import annotations

import json
import sys


def main(path: str) -> None:
    from qgis.core import (
        QgsApplication,
        QgsFeatureRequest,
        QgsGeometry,
        QgsRectangle,
        QgsVectorLayer,
        QgsVectorLayerUtils,
    )

    app = QgsApplication([], False)
    app.initQgis()
    found = {}

    def layer(table):
        loaded = QgsVectorLayer(f"{path}|layername={table}", table, "ogr")
        assert loaded.isValid(), table
        return loaded

    def first(of, expression):
        return next(of.getFeatures(QgsFeatureRequest().setFilterExpression(expression)))

    def commit(name, of):
        done = of.commitChanges()
        found[name] = {"done": done, "errors": " ".join(of.commitErrors())}
        if not done:
            of.rollBack()

    def change(name, table, expression, field, value):
        of = layer(table)
        of.startEditing()
        of.changeAttributeValue(first(of, expression).id(), of.fields().indexOf(field), value)
        commit(name, of)

    def add(edit, table, wkt=None, /, **values):
        of = layer(table)
        of.startEditing()
        feature = QgsVectorLayerUtils.createFeature(of)
        for field, value in values.items():
            feature[field] = value
        if wkt:
            feature.setGeometry(QgsGeometry.fromWkt(wkt))
        of.addFeature(feature)
        commit(edit, of)

    def delete(name, table, expression):
        of = layer(table)
        of.startEditing()
        of.deleteFeature(first(of, expression).id())
        commit(name, of)

    coded, uncoded = '"code" is not null', '"code" is null'
    add("add component", "component_point", "POINT(500050 3520050)", class_code="0101", name="新井盖")
    code = "3206810101000099"
    add("add component with code", "component_point", "POINT(500051 3520051)", class_code="0101", code=code)
    change("type a code", "component_point", uncoded, "code", "3206810101000098")
    change("change a code", "component_point", coded, "code", "3206810101000097")
    change("remove a code", "component_point", coded, "code", None)
    change("change a uuid", "component_point", coded, "uuid", "x")
    change("change a name", "component_point", coded, "name", "改名")
    delete("delete a coded component", "component_point", coded)
    delete("delete an uncoded component", "component_point", '"name" = \'上水井盖9\'')
    add("add grid", "unit_grid", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))", name="x")
    change("remark a grid", "unit_grid", coded, "remark", "备注")
    delete("delete a grid", "unit_grid", coded)
    delete("delete a case", "case_record", "true")
    delete("delete a log row", "operation", "true")
    change("change a log row", "code_register", "true", "status", "retired")
    change("change an event", "case_event", "true", "action", "closed")
    add("add area", "admin_area", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))", level="street", code="320681109", name="新街道")

    grids = layer("unit_grid")
    grids.startEditing()
    grids.changeGeometry(first(grids, coded).id(), QgsGeometry.fromWkt("MULTIPOLYGON(((0 0,1 0,1 1,0 0)))"))
    commit("move a grid", grids)

    points = layer("component_point")
    points.startEditing()
    points.changeGeometry(first(points, coded).id(), QgsGeometry.fromWkt("POINT(500399 3520199)"))
    commit("move a component", points)
    box = QgsFeatureRequest().setFilterRect(QgsRectangle(500398, 3520198, 500400, 3520200))
    found["found by place"] = [feature["fid"] for feature in layer("component_point").getFeatures(box)]
    sys.stdout.write(json.dumps(found, ensure_ascii=False))
    del points, grids
    app.exitQgis()


if __name__ == "__main__":
    main(sys.argv[1])
