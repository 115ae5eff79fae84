# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs of algorithms: a plain file goes to the engine as it is, what only QGIS knows is written first."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsField,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QVariant

from digital_citymgmt_plugin.bridge.sources import crs_text, prepare, split_path
from digital_citymgmt_plugin.core.errors import InputRefused
from tests.qgis.algorithms_help import two_communities, write_geojson

pytestmark = pytest.mark.qgis


@pytest.fixture
def context(qgis_app, qgis_new_project):
    made = QgsProcessingContext()
    made.setProject(QgsProject.instance())
    return made


@pytest.fixture
def file(chinese_path):
    return two_communities(chinese_path)


@pytest.fixture
def layer(context, file):
    """The file as a layer of the project."""
    made = QgsVectorLayer(file, "社区", "ogr")
    QgsProject.instance().addMapLayer(made)
    return made


def rows(prepared):
    """Write where needed and read with another library, in another process as the engine does."""
    found = prepared.layer()
    code = (
        "import sys, pyogrio; t = pyogrio.read_dataframe(sys.argv[1], layer=sys.argv[2] or None, use_arrow=False);"
        "print(list(map(tuple, t.drop(columns='geometry', errors='ignore').astype(str).itertuples(index=False))))"
    )
    command = [sys.executable, "-c", code, found.path, found.layer or ""]
    return ast.literal_eval(subprocess.check_output(command, text=True, encoding="utf-8"))


def test_a_path_is_handed_on_as_it_is(context, file):
    found = prepare(file, context)
    assert found.export is None
    assert (found.plain.path, found.plain.layer, found.plain.crs) == (file, None, None)


def test_what_the_user_states_goes_along(context, file):
    found = prepare(file, context, encoding="GB18030", crs="EPSG:4490", sheet="表1")
    assert (found.plain.encoding, found.plain.crs, found.plain.layer) == ("GB18030", "EPSG:4490", "表1")


def test_a_file_that_qgis_cannot_load_is_handed_on(context, chinese_path):
    path = chinese_path / "案件.csv.gz"
    path.write_bytes(b"\x1f\x8b anything")
    assert prepare(str(path), context).plain.path == str(path)


def test_a_layer_name_after_the_path_is_understood(context, file):
    found = prepare(f"{file}|layername=社区 边界", context)
    assert (found.plain.path, found.plain.layer, found.export) == (file, "社区 边界", None)


def test_a_file_name_may_hold_a_bar(chinese_path):
    path = chinese_path / "a|b.geojson"
    path.touch()
    assert split_path(str(path)) == (str(path), {})
    assert split_path(f"{path}|layername=x") == (str(path), {"layername": "x"})


@pytest.mark.parametrize("how", ["layer", "id", "name", "definition"])
def test_a_plain_layer_of_the_project_is_its_file(context, layer, file, how):
    value = {
        "layer": layer,
        "id": layer.id(),
        "name": layer.name(),
        "definition": QgsProcessingFeatureSourceDefinition(layer.id()),
    }[how]
    found = prepare(value, context)
    assert (found.plain.path, found.export, found.name) == (file, None, "社区")


def test_a_filter_is_kept(context, layer):
    layer.setSubsetString("\"code\" = '320681100002'")
    found = prepare(layer, context)
    assert found.export is not None
    assert rows(found) == [("320681100002", "O'Neil; 社区")]


def test_a_filter_in_the_path_is_kept(context, file):
    found = prepare(f"{file}|subset=\"code\" = '320681100001'", context)
    assert rows(found) == [("320681100001", "紫薇社区")]


def test_edits_not_saved_are_kept(context, layer):
    layer.startEditing()
    feature = next(layer.getFeatures())
    layer.changeAttributeValue(feature.id(), layer.fields().indexOf("name"), "改名社区")
    assert ("320681100001", "改名社区") in rows(prepare(layer, context))
    layer.rollBack()


def test_only_selected_features_are_kept(context, layer):
    layer.selectByExpression("\"code\" = '320681100002'")
    found = prepare(QgsProcessingFeatureSourceDefinition(layer.id(), True), context)
    assert [code for code, _ in rows(found)] == ["320681100002"]


def test_a_virtual_field_is_kept(context, layer):
    layer.addExpressionField('right("code", 3)', QgsField("short", QVariant.String))
    assert [row[-1] for row in rows(prepare(layer, context))] == ["001", "002"]


def test_a_memory_layer_with_a_field_called_fid_is_written(context):
    layer = QgsVectorLayer("Point?crs=EPSG:4549&field=fid:integer&field=名称:string", "草图", "memory")
    features = []
    for text in ("甲", "乙"):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([7, text])
        feature.setGeometry(QgsGeometry.fromWkt("Point(500000 3520000)"))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    assert [(fid, text) for fid, text in rows(prepare(layer, context))] == [("7", "甲"), ("7", "乙")]


def test_a_crs_set_by_the_user_wins_over_that_of_the_file(context, layer):
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:4528"))
    assert prepare(layer, context).plain.crs == "EPSG:4528"


def test_a_crs_without_authority_goes_as_wkt(context):
    crs = QgsCoordinateReferenceSystem.fromProj("+proj=tmerc +lon_0=121.5 +x_0=500000 +ellps=GRS80 +units=m")
    assert crs_text(crs).startswith("PROJCRS")
    assert crs_text(QgsCoordinateReferenceSystem()) is None


def test_a_layer_of_the_store_worked_on_is_read_through_qgis(context, layer, file):
    assert prepare(layer, context, store_path=file).export is not None
    assert prepare(file, context, store_path=file).export is not None


def test_a_table_without_geometry_is_handed_on(context, chinese_path):
    path = write_geojson(chinese_path / "t.geojson", [(None, None, {"a": 1})])
    layer = QgsVectorLayer(path, "t", "ogr")
    QgsProject.instance().addMapLayer(layer)
    assert prepare(layer, context).plain.path == path


@pytest.mark.parametrize(
    ("value", "code"),
    [("/没有/a.shp", "input.no_file"), ("", "input.none"), (None, "input.none")],
    ids=["path", "", "no"],
)
def test_what_is_not_there_is_refused(context, value, code):
    with pytest.raises(InputRefused) as caught:
        prepare(value, context)
    assert caught.value.code == code


def test_a_selection_of_a_file_keeps_the_names_of_file_and_layer(context, layer, file):
    """The engine knows rows again by them: a selection must not come in as another source, nor two layers as one."""
    layer.selectByIds([layer.allFeatureIds()[0]])
    item = prepare(QgsProcessingFeatureSourceDefinition(layer.id(), True), context)
    assert Path(item.plain.path).stem == Path(file).stem
    assert item.layer().path == item.plain.path and Path(item.plain.path).is_file()


def test_a_workbook_that_qgis_loaded_to_check_it_is_still_read_as_a_file(context, chinese_path):
    """QGIS would read its first sheet, and the results of formulas as if somebody had typed them."""
    path = str(chinese_path / "案件.xlsx")
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.create_sheet("隐").append(["b"])
    book.save(path)
    context.temporaryLayerStore().addMapLayer(QgsVectorLayer(path, "案件", "ogr"))
    item = prepare(path, context, sheet="隐")
    assert (item.plain.path, item.plain.layer, item.export) == (path, "隐", None)


def test_a_folder_is_no_input(context, file, chinese_path):
    with pytest.raises(InputRefused) as caught:
        prepare(str(chinese_path), context)
    assert caught.value.code == "input.folder"


def test_two_memory_layers_are_two_sources(context):
    names = []
    for name in ("路灯 2/3", "消火栓"):
        layer = QgsVectorLayer("Point?crs=EPSG:4549&field=id:integer", name, "memory")
        context.project().addMapLayer(layer)
        item = prepare(layer.id(), context)
        item.layer()
        names.append(Path(item.plain.path).stem)
    assert names == ["路灯 2_3", "消火栓"]
