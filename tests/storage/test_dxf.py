# SPDX-License-Identifier: GPL-2.0-or-later
"""Drawings in: entities, code pages whatever the header says, hostile files with one sentence each."""

from __future__ import annotations

import io
import os
import resource
import time
from pathlib import Path

import ezdxf
import pytest
import shapely
from ezdxf.lldxf.const import DXFError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.storage import dxf
from digital_citymgmt_plugin.storage.dxf import read_drawing
from digital_citymgmt_plugin.storage.files import CityFiles

CHINESE = [
    "人民中路",
    "上水检修井",
    "启东市城市管理监督指挥中心",
    "混凝土三层住宅",
    "雨水箅子",
    "绿化带",
    "学校操场",
    "消防栓",
]
TRADITIONAL = ["臺南市中西區民權路", "人手孔", "電信箱", "號誌燈桿", "圍牆", "國小操場", "變電箱", "廣場"]
KOREAN = [
    "가로등",
    "통신맨홀",
    "집수맨홀",
    "전력주",
    "도로경계석보차도",
    "우수받이",
    "신호등",
    "주의표지판",
    "건물",
    "옹벽상단",
]


def write(path, texts, release="R2004", header="ANSI_936", codec="gbk"):
    """Write a drawing whose bytes are in one code page and whose header names another one."""
    document = ezdxf.new(release)
    for at, words in enumerate(texts):
        document.modelspace().add_text(f"TEXT{at}", dxfattribs={"insert": (at, 0)})
        del words
    stream = io.StringIO()
    document.write(stream)
    lines = stream.getvalue()
    for at in reversed(range(len(texts))):
        lines = lines.replace(f"TEXT{at}\n", f"{texts[at]}\n")
    known = lines.split("$DWGCODEPAGE\n", 1)
    rest = known[1].split("\n", 2)
    path.write_bytes((known[0] + "$DWGCODEPAGE\n" + rest[0] + f"\n{header}\n" + rest[2]).encode(codec))
    return str(path)


@pytest.mark.parametrize("release", ["R12", "R2000", "R2004"])
@pytest.mark.parametrize("header", ["ANSI_936", "ANSI_1252", "ANSI_949", "ANSI_950"])
@pytest.mark.parametrize(
    ("codec", "texts"),
    [("gb18030", CHINESE), ("utf-8", CHINESE), ("cp949", KOREAN), ("utf-8", KOREAN), ("cp950", TRADITIONAL)],
)
def test_texts_read_right_whatever_the_header_says(tmp_path, release, header, codec, texts):
    drawing = read_drawing(write(tmp_path / "a.dxf", texts, release, header, codec))
    assert drawing.entities["text"].tolist() == texts
    assert set(drawing.samples) >= set(texts)


@pytest.mark.parametrize("header", ["ANSI_936", "ANSI_949", "ANSI_1252"])
def test_a_drawing_from_2007_on_is_utf8(tmp_path, header):
    drawing = read_drawing(write(tmp_path / "a.dxf", CHINESE, "R2010", header, "utf-8"))
    assert drawing.entities["text"].tolist() == CHINESE
    assert (drawing.encoding, drawing.encoding_evidence) == ("UTF-8", "encoding.format")


def test_a_given_code_page_counts_unless_the_bytes_do_not_fit(tmp_path):
    path = write(tmp_path / "a.dxf", KOREAN, "R2004", "ANSI_949", "cp949")
    assert read_drawing(path, "cp949").encoding_evidence == "encoding.given"
    with pytest.raises(InputRefused, match=r"input.encoding"):
        read_drawing(path, "utf-8")


@pytest.fixture
def rich(tmp_path):
    """One of each kind of entity."""
    document = ezdxf.new("R2010")
    space = document.modelspace()
    document.appids.new("SOUTH")
    document.layers.add("路灯层")
    lamp = document.blocks.new("路灯")
    lamp.add_circle((0, 0), 0.5)
    lamp.add_attdef("编号", (0, 0))
    one = space.add_blockref("路灯", (10, 20), dxfattribs={"layer": "路灯层", "rotation": 30, "xscale": 2})
    one.add_attrib("编号", "LD-7", (10, 20))
    one.set_xdata("SOUTH", [(1000, "155210"), (1000, "more"), (1040, 1.5)])
    space.add_line((0, 0, 5), (10, 0, 5))
    space.add_lwpolyline([(0, 0), (10, 0), (10, 10), (0, 10)], close=True)
    space.add_lwpolyline([(0, 0), (10, 0), (10, 10)])
    space.add_lwpolyline([(0, 0, 0, 0, 1), (10, 0)], format="xyseb")
    space.add_polyline2d([(0, 0), (5, 5), (9, 0)])
    space.add_circle((100, 100), 10)
    space.add_arc((0, 0), 10, 0, 90)
    space.add_ellipse((0, 0), (10, 0), 0.5)
    space.add_spline([(0, 0), (5, 5), (10, 0)])
    hatch = space.add_hatch()
    hatch.paths.add_polyline_path([(0, 0), (10, 0), (10, 10), (0, 10)], is_closed=True)
    hatch.paths.add_polyline_path([(4, 4), (6, 4), (6, 6), (4, 6)], is_closed=True)
    space.add_solid([(0, 0), (1, 0), (0, 1), (1, 1)])
    space.add_mtext("两行\\P文字", dxfattribs={"insert": (1, 2), "char_height": 3})
    space.add_point((3, 4, 7))
    path = tmp_path / "rich.dxf"
    document.saveas(path)
    return str(path)


def of(drawing, entity):
    rows = [at for at, kind in enumerate(drawing.entities["entity"].tolist()) if kind == entity]
    return [{name: column[at] for name, column in drawing.entities.items()} for at in rows]


def test_every_kind_of_entity_comes_out_as_what_it_is(rich):
    drawing = read_drawing(rich)
    (lamp,) = of(drawing, "INSERT")
    assert (lamp["layer"], lamp["block"], lamp["code"], lamp["angle"], lamp["scale"]) == (
        "路灯层",
        "路灯",
        "155210",
        30,
        2,
    )
    assert lamp["attributes"] == {"编号": "LD-7", "xdata": {"SOUTH": ["155210", "more", 1.5]}}
    assert lamp["geom"].equals(shapely.Point(10, 20)) and lamp["handle"]
    assert of(drawing, "LINE")[0]["elevation"] == 5.0
    square, corner, arc = of(drawing, "LWPOLYLINE")
    assert (square["kind"], square["geom"].area, corner["kind"], arc["kind"]) == ("area", 100.0, "line", "line")
    assert arc["geom"].length == pytest.approx(5 * 3.14159, rel=0.01)
    assert of(drawing, "CIRCLE")[0]["geom"].area == pytest.approx(314.16, rel=0.01)
    assert of(drawing, "ARC")[0]["geom"].length == pytest.approx(15.708, rel=0.01)
    assert of(drawing, "ELLIPSE")[0]["kind"] == "area" and of(drawing, "SPLINE")[0]["kind"] == "line"
    assert of(drawing, "HATCH")[0]["geom"].area == pytest.approx(96.0)
    assert of(drawing, "SOLID")[0]["geom"].area == pytest.approx(1.0)
    (words,) = of(drawing, "MTEXT")
    assert (words["text"], words["height"], words["kind"]) == ("两行 文字", 3, "text")
    assert of(drawing, "POINT")[0]["elevation"] == 7


def test_a_wide_block_is_taken_apart_and_its_symbols_stand_where_they_are_drawn(tmp_path):
    document = ezdxf.new("R2000")
    document.blocks.new("L").add_circle((0, 0), 0.5)
    part = document.blocks.new("图幅")
    part.add_lwpolyline([(0, 0), (100, 0), (100, 100)])
    part.add_blockref("L", (50, 60), dxfattribs={"layer": "0"})
    document.modelspace().add_blockref("图幅", (1000, 2000), dxfattribs={"layer": "JMD"})
    document.saveas(tmp_path / "w.dxf")
    drawing = read_drawing(str(tmp_path / "w.dxf"))
    assert [(row["block"], row["layer"], row["geom"].x) for row in of(drawing, "INSERT")] == [
        ("图幅", "JMD", 1000.0), ("L", "JMD", 1050.0),
    ]  # fmt: skip
    assert of(drawing, "LWPOLYLINE")[0]["geom"].bounds == (1000, 2000, 1100, 2100)


def nested(path, levels, times, cyclic=False):
    """Blocks that place each other ``times`` at each of ``levels``."""
    document = ezdxf.new("R2000")
    for level in range(levels):
        document.blocks.new(f"B{level}").add_line((0, 0), (100, 0))
    for level in range(levels - 1):
        for _ in range(times):
            document.blocks.get(f"B{level}").add_blockref(f"B{level + 1}", (0, 0))
    if cyclic:
        document.blocks.get(f"B{levels - 1}").add_blockref("B0", (0, 0))
    document.modelspace().add_blockref("B0", (0, 0))
    document.saveas(path)
    return str(path)


def test_blocks_that_hold_themselves_end(tmp_path):
    drawing = read_drawing(nested(tmp_path / "c.dxf", 3, 1, cyclic=True))
    assert len(drawing) == 7  # four references, three lines


def test_nested_blocks_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("digital_citymgmt_plugin.storage.dxf_entities.MOST", 20_000)
    with pytest.raises(InputRefused, match=r"input.dxf_entities"):
        read_drawing(nested(tmp_path / "n.dxf", 7, 12))


def bomb(path, kind):
    """A small file that comes to 10⁹ entities: by levels of blocks, by rows and columns, by long lines or by texts."""
    document = ezdxf.new("R2010")
    levels = {"levels": 3, "lines": 2, "attributes": 3, "grid": 0}[kind]
    for level in range(levels + 1):
        document.blocks.new(f"B{level}")
    for level in range(levels):
        for number in range(1_000):
            placed = document.blocks.get(f"B{level}").add_blockref(f"B{level + 1}", (number, 0))
            if kind == "attributes" and level == 2:
                placed.add_attrib("A", "长" * 100, (0, 0))
    last = document.blocks.get(f"B{levels}")
    last.add_lwpolyline([(at, at % 7 * 100) for at in range(1_000 if kind == "lines" else 2)])
    grid = {"row_count": 32_000, "column_count": 32_000, "row_spacing": 100, "column_spacing": 100}
    document.modelspace().add_blockref("B0", (500_000, 3_500_000), dxfattribs=grid if kind == "grid" else {})
    document.saveas(path)
    return str(path)


@pytest.mark.parametrize("kind", ["levels", "grid", "lines", "attributes"])
def test_a_billion_entities_in_a_small_file_are_refused_at_once(tmp_path, kind):
    """With the limit that is shipped, and without making the entities first: that took 275 s and 1.3 GB."""
    path = bomb(tmp_path / "b.dxf", kind)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    with pytest.raises(InputRefused, match=r"input.dxf_entities"):
        read_drawing(path)
    assert time.perf_counter() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10  # in KB


def test_an_ellipse_as_wide_as_the_world_has_no_million_corners(tmp_path):
    document = ezdxf.new("R2010")
    for _ in range(20):
        document.modelspace().add_ellipse((0, 0), (4e8, 0), 0.5)
        document.modelspace().add_spline([(0, 0), (4e8, 1e8), (1e8, 4e8), (4e8, 4e8)])
    document.saveas(tmp_path / "e.dxf")
    shapes = read_drawing(str(tmp_path / "e.dxf")).entities["geom"]
    assert len(shapes) == 40 and max(shapely.get_num_coordinates(shapes)) < 1_000


@pytest.mark.parametrize("size", [1e9, 1e20, 6e197, float("inf"), float("nan")])
def test_curves_wider_than_any_map_are_left_out_and_end(tmp_path, size):
    """Found by spoilt files: an ellipse of 10¹⁹⁷ m was taken apart for ever."""
    document = ezdxf.new("R2010")
    space = document.modelspace()
    ellipse = space.add_ellipse((0, 0), (5, 0), 0.5)
    ellipse.dxf.major_axis = (5.0, size, 0.0)
    space.add_circle((0, 0), size)
    space.add_arc((0, 0), size, 10, 80)
    space.add_spline([(0, 0), (3, 5), (7, size), (9, 9)])
    space.add_lwpolyline([(0, 0, 0.5), (9, 0, size)], format="xyb", close=True)
    space.add_polyline2d([(0, 0, size), (9, 0, size)], format="xyb")
    space.add_hatch().paths.add_polyline_path([(0, 0, size), (5, 0), (5, 5)], is_closed=True)
    space.add_point((1, 1))
    document.saveas(tmp_path / "w.dxf")
    drawing = read_drawing(str(tmp_path / "w.dxf"))
    assert len(of(drawing, "POINT")) == 1
    assert sum(map(shapely.get_num_coordinates, drawing.entities["geom"])) < 500_000


def test_counting_ahead_and_taking_apart_agree(tmp_path, monkeypatch):
    """A drawing with as many entities as are allowed comes in; with one more it does not."""
    path = nested(tmp_path / "n.dxf", 4, 5)
    size = len(read_drawing(path))
    monkeypatch.setattr("digital_citymgmt_plugin.storage.dxf_entities.MOST", size)
    assert len(read_drawing(path)) == size
    monkeypatch.setattr("digital_citymgmt_plugin.storage.dxf_entities.MOST", size - 1)
    with pytest.raises(InputRefused, match=r"input.dxf_entities"):
        read_drawing(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_drawing_is_refused_with_a_sentence(rich, tmp_path, share):
    whole = Path(rich).read_bytes()
    path = tmp_path / "t.dxf"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputRefused, match=r"input.dxf_broken"):
        read_drawing(str(path))


def test_empty_huge_missing_and_dwg_files_have_their_sentences(tmp_path, monkeypatch):
    for name, content, code in (
        ("a.dxf", b"", "input.empty_file"),
        ("b.dwg", b"AC1032xxxx", "input.dwg"), ("c.dxf", b"AC1032xxxx", "input.dwg"),
        ("d.dxf", b"\0" * 500, "input.dxf_broken"), ("e.dxf", b"no drawing at all", "input.dxf_broken"),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputRefused, match=code):
            read_drawing(str(tmp_path / name))
    with pytest.raises(InputRefused, match=r"input.missing"):
        read_drawing(str(tmp_path / "none.dxf"))
    with (tmp_path / "f.dxf").open("wb") as file:  # 5 GB without a byte on the disk
        file.truncate(5_000_000_000)
    with pytest.raises(InputRefused, match=r"input.dxf_too_big"):
        read_drawing(str(tmp_path / "f.dxf"))


def test_a_sign_by_its_bytes_and_signs_that_nothing_can_store(tmp_path):
    path = write(tmp_path / "m.dxf", ["\\M+5B1B8\\M+5D7A2", "\\U+5EF6"], "R2000", "ANSI_1252", "ascii")
    assert read_drawing(path).entities["text"].tolist() == ["备注", "延"]


def test_a_folder_gives_its_drawings_and_names_its_dwgs(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.dxf", "sub/a.DXF", "x.dwg", "note.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "link.dxf").symlink_to("/etc/hostname")
    found, closed = CityFiles().drawing_files(str(tmp_path))
    assert [path.rpartition("/")[2] for path in found] == ["b.dxf", "a.DXF"]
    assert [path.rpartition("/")[2] for path in closed] == ["x.dwg"]
    with pytest.raises(InputRefused, match=r"basemap.folder_empty"):
        (tmp_path / "none").mkdir()
        CityFiles().drawing_files(str(tmp_path / "none"))


def seed():
    document = ezdxf.new("R12")
    document.blocks.new("B").add_circle((0, 0), 1)
    document.modelspace().add_blockref("B", (1, 1))
    document.modelspace().add_polyline2d([(0, 0), (1, 1), (2, 0)])
    document.modelspace().add_text("路灯", dxfattribs={"insert": (1, 1)})
    stream = io.StringIO()
    document.write(stream)
    return stream.getvalue().encode("gbk")


SEED = seed()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.binary(min_size=0, max_size=12)), min_size=1, max_size=6))
def test_a_drawing_with_any_bytes_changed_is_read_or_refused(tmp_path_factory, changes):
    content = bytearray(SEED)
    for at, new in changes:
        content[at : at + len(new)] = new
    path = tmp_path_factory.getbasetemp() / "fuzz.dxf"
    path.write_bytes(bytes(content))
    try:
        drawing = read_drawing(str(path))
    except InputRefused as error:
        assert error.code.startswith("input.")
    else:
        assert all(shape is not None for shape in drawing.entities["geom"].tolist())


def test_what_ezdxf_says_is_among_what_is_caught():
    assert any(issubclass(DXFError, one) for one in dxf._broken())


def test_rows_and_columns_of_one_symbol_are_one_each(tmp_path):
    document = ezdxf.new("R2000")
    document.blocks.new("树").add_circle((0, 0), 0.5)
    attributes = {"row_count": 2, "column_count": 3, "row_spacing": 5, "column_spacing": 4}
    document.modelspace().add_blockref("树", (10, 20), dxfattribs=attributes)
    document.saveas(tmp_path / "grid.dxf")
    found = read_drawing(str(tmp_path / "grid.dxf")).entities
    places = {(round(shape.x), round(shape.y)) for shape in found["geom"]}
    assert places == {(x, y) for x in (10, 14, 18) for y in (20, 25)}


@pytest.mark.parametrize("scales", [(1.0, 50.0), (50.0, 1.0)])
def test_how_far_a_block_reaches_is_told_by_each_reference(tmp_path, scales):
    """A symbol drawn small once and as a house elsewhere: the order of the two says nothing."""
    document = ezdxf.new("R12")
    document.blocks.new("house").add_polyline2d([(0, 0), (2, 0), (2, 2), (0, 2)], close=True)
    for at, scale in enumerate(scales):
        document.modelspace().add_blockref("house", (at * 1000, 0), dxfattribs={"xscale": scale, "yscale": scale})
    document.saveas(tmp_path / "scales.dxf")
    found = read_drawing(str(tmp_path / "scales.dxf")).entities
    assert sorted(found["kind"]) == ["area", "point", "point"]


def test_one_broken_entity_is_left_out_and_the_others_are_read(tmp_path, monkeypatch):
    document = ezdxf.new("R2000")
    document.modelspace().add_line((0, 0), (1, 1))
    document.modelspace().add_circle((5, 5), 1)
    document.saveas(tmp_path / "one.dxf")

    def broken(*_):
        raise DXFError("no such thing")

    monkeypatch.setattr("digital_citymgmt_plugin.storage.dxf_shapes._sag", broken)
    drawing = read_drawing(str(tmp_path / "one.dxf"))
    assert drawing.skipped == {"CIRCLE": 1} and len(drawing) == 1


def test_what_may_not_be_read_is_told(tmp_path, monkeypatch):
    path = write(tmp_path / "a.dxf", CHINESE)

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Path, "open", forbidden)
    for attempt in (read_drawing, CityFiles().digest):
        with pytest.raises(InputRefused) as error:
            attempt(path)
        assert error.value.code == "input.unreadable"


def test_a_folder_that_may_not_be_looked_into_is_told(tmp_path, monkeypatch):
    """``os.walk`` passes it over without a word: its drawings and photos were missing, nobody knew why."""
    (tmp_path / "closed").mkdir()
    (tmp_path / "a.dxf").write_text("0")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    files = CityFiles()
    for attempt in (files.drawing_files, lambda folder: list(files.photos_in(folder))):
        with pytest.raises(InputRefused) as error:
            attempt(str(tmp_path))
        assert error.value.code == "input.unreadable" and error.value.values["file"].endswith("closed")
