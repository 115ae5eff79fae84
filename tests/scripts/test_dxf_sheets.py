# SPDX-License-Identifier: GPL-2.0-or-later
"""The sheets of the base map, read back by two programs that did not write them: ezdxf and GDAL."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import ezdxf
import numpy as np
import pyogrio
import pytest
import shapely

from scripts.demo_city.dxf_sheets import GREEN, LINES, SIDE, write_sheets
from scripts.demo_city.dxf_symbols import LAYERS, SYMBOLS

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["人民中路", "㐂祥里", "镕园 二期\n东", "Café"]  # one that GBK lacks, one with a line end


def symbols_of(box):
    """Symbols of every kind, some of them on frames and corners of sheets."""
    random = np.random.default_rng(3)
    xy = np.round(random.uniform(box[:2], box[2:], (900, 2)), 3)
    xy[:40, 0] = np.round(xy[:40, 0] / SIDE) * SIDE
    xy[20:60, 1] = np.round(xy[20:60, 1] / SIDE) * SIDE
    kinds = [kind for kind in SYMBOLS if kind != "围墙门"]
    return xy, np.array([kinds[number % len(kinds)] for number in range(len(xy))], object)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The base map of the small demo city with symbols and difficult names, and its sheets."""
    folder = tmp_path_factory.mktemp("sheets")
    base = folder / "base_map.gpkg"
    shutil.copy(ROOT / "sample_data" / "base_map.gpkg", base)
    box = pyogrio.read_info(base, layer="buildings")["total_bounds"]
    xy, kinds = symbols_of(np.array(box))
    angle = np.arange(len(xy)) % 360 + 0.5
    write = {"crs": "EPSG:4550", "append": True}
    pyogrio.raw.write(base, shapely.to_wkb(shapely.points(xy)), [kinds, angle], ["kind", "angle"], layer="symbols",
                      geometry_type="Point", **write)  # fmt: skip
    west, south = np.floor(np.array(box[:2]) / SIDE) * SIDE
    # A courtyard across four sheets, and names on made-up compounds.
    court = shapely.box(west + 450, south + 450, west + 550, south + 550) - shapely.box(
        west + 460, south + 460, west + 480, south + 480
    )
    pyogrio.raw.write(base, shapely.to_wkb([court]), [np.array(["商铺"], object), np.array([3], np.int32)],
                      ["kind", "floors"], layer="buildings", geometry_type="Polygon", **write)  # fmt: skip
    homes = [shapely.box(west + 60 * n, south + 10, west + 60 * n + 5, south + 15) for n in range(len(NAMES))]
    pyogrio.raw.write(base, shapely.to_wkb(homes), [np.array(NAMES, object), np.array(["小区"] * 4, object)],
                      ["name", "use"], layer="compounds", geometry_type="Polygon", **write)  # fmt: skip
    counts = write_sheets(base, folder / "dxf")
    return base, folder / "dxf", counts, (xy, kinds)


@pytest.fixture(scope="module")
def sheets(made):
    """Every sheet as ezdxf reads it."""
    return {path.stem: ezdxf.readfile(path) for path in sorted(made[1].glob("*.dxf"))}


def code_of(entity):
    return entity.get_xdata("SOUTH")[0].value if entity.has_xdata("SOUTH") else None


def read(base, layer):
    about, _, wkb, values = pyogrio.raw.read(base, layer=layer)
    return shapely.from_wkb(wkb), dict(zip(about["fields"], values))


def all_of(sheets, kind, layer=None):
    return [
        entity
        for sheet in sheets.values()
        for entity in sheet.modelspace().query(kind)
        if layer is None or entity.dxf.layer == layer
    ]


def test_every_sheet_is_a_sound_drawing_of_release_2000_in_gbk(sheets, made):
    assert len(sheets) == made[2]["sheets"] > 9
    for name, sheet in sheets.items():
        audit = sheet.audit()
        assert (sheet.dxfversion, sheet.encoding) == ("AC1015", "gbk"), name
        assert [str(one) for one in (*audit.errors, *audit.fixes)] == [], name
        assert {layer.dxf.name for layer in sheet.layers} >= set(LAYERS)
        with pytest.raises(UnicodeDecodeError):
            (made[1] / f"{name}.dxf").read_bytes().decode("utf-8")


def test_every_symbol_stands_once_with_its_block_layer_and_code(sheets, made):
    xy, kinds = made[3]
    found = Counter()
    for sheet in sheets.values():
        for entity in sheet.modelspace().query("INSERT"):
            assert entity.dxf.name in sheet.blocks and len(sheet.blocks[entity.dxf.name]) > 0
            place = (round(entity.dxf.insert.x, 3), round(entity.dxf.insert.y, 3))
            found[place, entity.dxf.name, entity.dxf.layer, code_of(entity)] += 1
    gates = shapely.get_coordinates(read(made[0], "gates")[0])
    wanted = Counter()
    for place, kind in [*zip(xy.tolist(), kinds.tolist()), *((place, "围墙门") for place in gates.tolist())]:
        symbol = SYMBOLS[kind]
        wanted[(round(place[0], 3), round(place[1], 3)), symbol.block, symbol.layer, symbol.code] += 1
    assert found == wanted and made[2]["symbols"] == len(xy)


def test_what_stands_on_a_sheet_lies_in_its_frame(sheets):
    for name, sheet in sheets.items():
        north, west = (float(part) * 1000 for part in name.split("-"))
        frame = shapely.box(west, north, west + SIDE, north + SIDE)
        for entity in sheet.modelspace():
            if entity.dxf.layer == "TK":
                continue
            if entity.dxftype() == "LWPOLYLINE":
                where = [point[:2] for point in entity.get_points()]
            else:
                where = [(entity.dxf.insert.x, entity.dxf.insert.y)]
            assert shapely.dwithin(shapely.MultiPoint(where), frame, 0.001), (name, entity)


def test_houses_are_closed_and_their_ground_is_that_of_the_base_map(sheets, made):
    shapes, _ = read(made[0], "buildings")
    layer, code = LINES["buildings"]
    rings = [one for one in all_of(sheets, "LWPOLYLINE", layer) if code_of(one) == code]
    assert all(ring.closed for ring in rings)
    areas = np.array([shapely.Polygon([point[:2] for point in ring.get_points()]).area for ring in rings])
    # The courtyard's hole, 400 m², is a ring of its own.
    assert areas.sum() == pytest.approx(shapely.area(shapes).sum() + 2 * 400.0, rel=1e-5)


def test_walls_and_waters_keep_their_length_and_area(sheets, made):
    layer, code = LINES["walls"]
    pieces = [one for one in all_of(sheets, "LWPOLYLINE", layer) if code_of(one) == code]
    length = sum(
        shapely.LineString([point[:2] for point in one.get_points()] + [one.get_points()[0][:2]] * one.closed).length
        for one in pieces
    )
    assert length == pytest.approx(shapely.length(read(made[0], "walls")[0]).sum(), rel=1e-5)
    kinds = read(made[0], "green")[1]["kind"].tolist()
    assert {code_of(one) for one in all_of(sheets, "LWPOLYLINE", "ZBTZ")} == {GREEN.get(kind) for kind in kinds}


def texts(sheets):
    return Counter(ezdxf.decode_dxf_unicode(one.dxf.text) for one in all_of(sheets, "TEXT") if one.dxf.layer != "TK")


def test_texts_are_right_in_chinese(sheets, made):
    base = made[0]
    wanted = Counter(name for name in read(base, "roads")[1]["name"].tolist() if name)
    for layer in ("river_areas", "compounds"):
        wanted.update(" ".join(name.split()) for name in read(base, layer)[1]["name"].tolist() if name)
    found = texts(sheets)
    assert {name: found[name] for name in wanted} == dict(wanted)
    floors = Counter(text for text in found.elements() if text not in wanted)
    assert sum(floors.values()) == len(read(base, "buildings")[0]) and floors["混3"] > 0


def test_gdal_reads_the_same(made, sheets):
    pyogrio.set_gdal_config_options({"DXF_INLINE_BLOCKS": "FALSE"})
    try:
        frames = {
            path.stem: pyogrio.read_dataframe(path, layer="entities") for path in sorted(made[1].glob("*.dxf"))[:6]
        }
    finally:
        pyogrio.set_gdal_config_options({"DXF_INLINE_BLOCKS": None})
    for name, frame in frames.items():
        ours = list(sheets[name].modelspace())
        assert Counter(frame["Layer"]) == Counter(one.dxf.layer for one in ours), name
        blocks = Counter(one.dxf.name for one in ours if one.dxftype() == "INSERT")
        assert Counter(frame["BlockName"].dropna()) == blocks, name
        plain = Counter(
            text.dxf.text for text in sheets[name].modelspace().query("TEXT") if "\\U+" not in text.dxf.text
        )
        assert plain - Counter(frame["Text"].dropna()) == Counter(), name


def test_the_index_has_both_numbers_and_the_name_of_the_main_place(made):
    with (made[1] / "sheets.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == made[2]["sheets"] and sum(int(row["symbols"]) for row in rows) == made[2]["symbols"]
    for row in rows:
        assert row["number"] == f"{float(row['south']) / 1000:.1f}-{float(row['west']) / 1000:.1f}"
        assert row["file"] == f"{row['number_two_decimals']}.dxf" and (made[1] / row["file"]).is_file()
    assert any(row["name"] for row in rows)


def test_the_same_base_map_gives_the_same_bytes(made, tmp_path):
    write_sheets(made[0], tmp_path, 1)
    assert not (tmp_path / ".parts").exists()
    for row in csv.DictReader((tmp_path / "sheets.csv").open(encoding="utf-8-sig")):
        again = (tmp_path / row["file"]).read_bytes()
        assert again == (made[1] / f"{row['number_two_decimals']}.dxf").read_bytes()
