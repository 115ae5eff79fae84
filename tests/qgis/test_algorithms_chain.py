# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole chain from the toolbox's side: areas, draft, adopt, components, codes, cases, links, assessment."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
from qgis.core import QgsApplication, QgsProcessingException, QgsVectorLayer

from digital_citymgmt_plugin.algorithms.provider import DcmProvider
from digital_citymgmt_plugin.bridge.engines import pool
from tests.qgis.algorithms_help import STORE, Listener, two_communities, write_geojson

pytestmark = pytest.mark.qgis


@pytest.fixture
def run(qgis_app, qgis_processing):
    import processing

    provider = DcmProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    yield lambda name, **parameters: processing.run(f"dcm:{name}", parameters, feedback=Listener())
    QgsApplication.processingRegistry().removeProvider(provider)
    pool().shutdown(2)


def roads(folder: Path):
    return write_geojson(
        folder / "道路.geojson",
        [
            ("LineString", [[500000, 3520200], [500800, 3520200]], {"rank": 1}),
            ("LineString", [[500200, 3520000], [500200, 3520400]], {"rank": 2}),
            ("LineString", [[500600, 3520000], [500600, 3520400]], {"rank": 2}),
        ],
    )


def components(folder: Path, class_code: str):
    places = [(500050 + 100 * column, 3520050 + 100 * row) for row in range(4) for column in range(8)]
    return write_geojson(
        folder / "部件.geojson",
        [
            ("Point", [x, y], {"class_code": class_code, "name": f"井盖{number}", "source_id": f"T{number}"})
            for number, (x, y) in enumerate(places)
        ],
    )


def cases(folder: Path, class_code: str):
    path = folder / "案件.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["case_no", "kind", "class_code", "x", "y", "reported_at", "filed_at", "disposed_at", "closed_at"]
        )
        for number in range(10):
            writer.writerow(
                [
                    f"2024-{number:04d}", "component", class_code, 500052 + 70 * number, 3520051, "2024-03-01 08:00:00",
                    "2024-03-01 09:00:00", "2024-03-01 12:00:00", "2024-03-02 08:00:00" if number % 2 else "",
                ]
            )  # fmt: skip
    return str(path)


def test_the_chain_from_areas_to_the_assessment(run, chinese_path):
    store = str(chinese_path / "城市.gpkg")
    areas = two_communities(chinese_path)
    run("createstore", STORE=store, **STORE)
    run("importareas", STORE=store, INPUT=areas, LEVEL="community", CODE_FIELD="code", NAME_FIELD="name")

    draft = run(
        "draftgrids",
        AREAS=areas,
        BARRIERS=[roads(chinese_path)],
        RANK_FIELD="rank",
        TARGET_AREA=40000.0,
        OUTPUT=str(chinese_path / "草案.gpkg"),
    )
    assert draft["CELLS"] >= 6
    assert Path(draft["OUTPUT"]).is_file()

    adopted = run("adoptgrids", STORE=store, INPUT=draft["OUTPUT"])
    assert (adopted["INSERTED"], adopted["REJECTED"]) == (draft["CELLS"], 0)

    told = str(chinese_path / "问题.gpkg")
    checked = run("checkgrids", STORE=store, REPAIR=0.5, OUTPUT=told)
    assert checked["GRIDS"] == draft["CELLS"] and checked["ERRORS"] == checked["GRIDS_CHANGED"] == 0
    drafted = run("checkgrids", STORE=store, INPUT=draft["OUTPUT"], RULES="gap,overlap", PREVIEW=True)
    assert (drafted["GRIDS"], drafted["FOUND"]) == (draft["CELLS"], 0)

    source = components(chinese_path, "0101")
    taken = run("importcomponents", STORE=store, INPUT=source, REJECTS=str(chinese_path / "拒收.xlsx"))
    assert (taken["READ"], taken["ACCEPTED"], taken["REJECTED"]) == (32, 32, 0)
    assert run("importcomponents", STORE=store, INPUT=source)["UNCHANGED"] == 32
    assert run("assigncodes", STORE=store, ORDER="place")["CODED"] == 32
    assert run("assigncodes", STORE=store)["CODED"] == 0

    arrived = run("importcases", STORE=store, INPUT=cases(chinese_path, "0101"), CRS="EPSG:4549")
    assert arrived["READ"] == arrived["ACCEPTED"] == 10
    linked = run("linkcases", STORE=store)
    assert linked["PLACED"] == 10

    table = run("assess", STORE=store, BY="community", OUTPUT=str(chinese_path / "评价.xlsx"))
    assert table["CASES"] == 10
    assert Path(table["OUTPUT"]).is_file()
    _compared_and_checked_again(run, store, chinese_path)
    _crowded(run, store, chinese_path)
    assert run("verifystore", STORE=store)["FINDINGS"] == 0
    assert _codes(store) == 32


def _crowded(run, store, folder):
    """Scan for clusters and draw the density: as layers of their own."""
    found = run(
        "scanclusters", STORE=store, BY="community", MODEL="poisson", PERIOD="day", LONGEST=1, SIMULATIONS=9,
        OUTPUT=str(folder / "聚集.gpkg"),
    )  # fmt: skip
    assert QgsVectorLayer(found["OUTPUT"], "聚集", "ogr").featureCount() == found["CLUSTERS"] and found["CASES"] == 10
    dense = run("casedensity", STORE=store, CLIP=0, OUTPUT=str(folder / "密度.gpkg"))
    assert QgsVectorLayer(dense["OUTPUT"], "密度", "ogr").featureCount() == dense["HEXAGONS"] > 0
    assert dense["CASES"] + dense["UNLOCATED"] == 10


def _compared_and_checked_again(run, store, folder):
    """Compare periods, draw cases, read the filled form back; collectors cannot be told without beats."""
    compared = run(
        "compareperiods", STORE=store, MEASURE="reported", KIND="before", BY="community", FROM="2000-01-01",
        TO="2030-12-31", OUTPUT=str(folder / "对比.gpkg"),
    )  # fmt: skip
    assert (compared["ROWS"], compared["FALLEN"]) == (2, 0)
    assert QgsVectorLayer(compared["OUTPUT"], "对比", "ogr").featureCount() == 2
    form = folder / "抽查.xlsx"
    drawn = run("drawrecheck", STORE=store, COUNT="reported", BY="community", NUMBER=4, SEED="1", OUTPUT=str(form))
    assert (drawn["CASES"], drawn["DRAWN"]) == (10, 4)
    book = openpyxl.load_workbook(form)
    for row in book.worksheets[0].iter_rows(min_row=2):
        row[7].value = "属实"
    book.save(form)
    back = run("readrecheck", STORE=store, INPUT=str(form))
    assert (back["ROWS"], back["GENUINE"], back["REJECTED"]) == (4, 4, 0)
    with pytest.raises(QgsProcessingException):
        run("collectorsheets", STORE=store)
    run("assess", STORE=store, BY="community", RUN="存档")
    written = [folder / "简报.docx", folder / "简报.xlsx"]
    brief = run("writebrief", STORE=store, RUN="存档", OUTPUT=str(written[0]), WORKBOOK=str(written[1]))
    written.append(folder / "时段.docx")
    period = run("writebrief", STORE=store, FROM="2020-01-01", TO="2030-12-31", BY="community", OUTPUT=str(written[2]))
    assert period["ROWS"] >= 2
    assert brief["ROWS"] >= 2 and all(path.stat().st_size > 5_000 for path in written)


def _codes(store):
    layer = QgsVectorLayer(f"{store}|layername=component_point", "components", "ogr")
    codes = [feature["code"] for feature in layer.getFeatures()]
    return len(set(codes))
