# SPDX-License-Identifier: GPL-2.0-or-later
"""The Korean road survey through a mapping alone, and the GBK drawing: real DXF files of two code pages."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter

import pytest

from digital_citymgmt_plugin.core.requests import DecideCandidates, ImportBaseMap, MakeCandidates, PreviewBaseMap
from digital_citymgmt_plugin.services.basemap import import_base_map, preview_base_map
from digital_citymgmt_plugin.services.candidate_decisions import decide_candidates
from digital_citymgmt_plugin.services.candidates import make_candidates
from digital_citymgmt_plugin.storage.dxf import read_drawing
from tests.services.cities import City
from tests.support import Watcher, new_store

pytestmark = pytest.mark.real_data

SYMBOLS = {  # layer: class, how many there are (shared/data/README.md)
    "가로등": ("路灯", 61), "전력주": ("电力立杆", 37), "통신주": ("通信立杆", 29), "집수맨홀": ("雨水箅子", 44),
    "우수맨홀": ("雨水井盖", 27), "오수맨홀": ("污水井盖", 14), "통신맨홀": ("通信井盖", 13),
}  # fmt: skip
MAPPING = {
    "name": "korea",
    "layers": {
        **{layer: {"theme": "facility", "component": name} for layer, (name, _) in SYMBOLS.items()},
        "건물": {"theme": "building"}, "옹벽_상단": {"theme": "wall"}, "석축_상단": {"theme": "wall"},
        "휀스": "wall", "도로_아스콘": "road", "상세": "frame",
    },
}  # fmt: skip


def unpacked(shared, name, folder):
    path = folder / name.removesuffix(".gz")
    with gzip.open(shared / "dxf" / name) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return str(path)


@pytest.fixture
def korea(tmp_path):
    store = new_store(tmp_path / "k.gpkg", crs="EPSG:5186", county_code="412345", county_name="Korea")
    yield City(store, tmp_path, Watcher())
    store.close()


def test_the_korean_survey_comes_in_by_mapping_alone(korea, shared):
    path = unpacked(shared, "korea_road_survey_EPSG5186.dxf.gz", korea.folder)
    looked = preview_base_map(korea.context, PreviewBaseMap(path, mapping=json.dumps(MAPPING)))["drawings"][0]
    assert (looked["encoding"], looked["crs"], looked["strays"]) == ("UTF-8", "EPSG:5186", 250)
    assert len(looked["samples"]) == 10 and "아스콘덧씌우기" in looked["samples"]
    result = import_base_map(korea.context, ImportBaseMap(path, mapping=json.dumps(MAPPING)))
    counts = result["counts"]
    assert counts["base_stray"] == 250 and counts["base_point"] == 370
    assert counts["entities"] == sum(counts[t] for t in counts if t.startswith("base_")) == 4664
    assert Counter(row["layer"] for row in korea.rows("base_stray", "layer")) == {"상세": 250}
    layers = Counter(row["layer"] for row in korea.rows("base_point", "layer"))
    assert {layer: layers[layer] for layer in SYMBOLS} == {layer: count for layer, (_, count) in SYMBOLS.items()}
    buildings = [row for table in ("base_area", "base_line") for row in korea.rows(table, "theme")]
    themes = Counter(row["theme"] for row in buildings)
    assert themes["building"] == 64 and themes["wall"] == 154 + 311 + 34
    assert 4 <= counts["sheets"] <= 12
    made = make_candidates(korea.context, MakeCandidates("korea"))
    classes = {entry.name: entry.code for entry in korea.store.profile().classes if entry.kind == "component"}
    assert made["classes"] == {classes[name]: count for name, count in SYMBOLS.values()}
    done = decide_candidates(korea.context, DecideCandidates("confirm", class_code=classes["路灯"]))
    assert done["counts"]["changed"] == 61 == len(korea.rows("component_point", "fid"))


def test_the_gbk_drawing_reads_right(shared, tmp_path):
    drawing = read_drawing(unpacked(shared, "gbk_r2004_drawing.dxf.gz", tmp_path))
    assert (drawing.version, drawing.encoding, drawing.encoding_evidence) == ("AC1018", "GBK", "encoding.stated")
    words = set(drawing.entities["text"].tolist())
    assert {"序号", "标准化"} <= words and len(drawing) > 600
