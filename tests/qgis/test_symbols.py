# SPDX-License-Identifier: GPL-2.0-or-later
"""Our symbols: one for every class of every edition, sound files, colours that all eyes can tell apart."""

from __future__ import annotations

import csv
import math
import re
import xml.etree.ElementTree as ET

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.bridge import palette, styles, symbols

FILES = sorted(symbols.FOLDER.glob("*.svg"))
SIGNS = [path for path in FILES if path.stem != "north"]
ALLOWED = {"svg", "path", "circle", "rect", "g", "text"}
EDITIONS = ("2007", "2013", "2026")


def classes(edition):
    path = symbols.FOLDER.parents[0] / "profiles" / f"classes_{edition}.csv"
    with path.open(encoding="utf-8", newline="") as source:
        return [row for row in csv.DictReader(source) if row["kind"] == "component"]


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_class_of_an_edition_has_a_symbol_of_its_own_kind(edition):
    plain = [
        row["name"] for row in classes(edition) if symbols.symbol_of(row["name"], "").startswith(("other", "major"))
    ]
    assert plain == []
    names = {symbols.symbol_of(row["name"], row["major_code"]) for row in classes(edition)}
    assert names <= {path.stem for path in SIGNS}
    assert len(names) > 60


@pytest.mark.parametrize("major", [*palette.MAJORS, "99"])
def test_a_class_nobody_knows_gets_the_symbol_of_its_major_class(major):
    assert symbols.symbol_of("从未见过的东西", major) == (f"major_{major}" if major != "99" else "other")


def test_the_longest_word_decides():
    assert symbols.symbol_of("路灯", "01") == "lamp"
    assert symbols.symbol_of("路灯井盖", "01") == "manhole_lamp"
    assert symbols.symbol_of("智慧路灯井盖（自定义）", "01") == "manhole_lamp"


def test_kinds_of_manhole_covers_differ():
    kinds = [row["name"] for row in classes("2013") if row["name"].endswith("井盖") and row["name"] != "电缆井盖"]
    assert len({symbols.symbol_of(name, "01") for name in kinds}) == len(kinds) >= 18


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_symbol_is_plain_drawing_and_asks_for_nothing(path):
    text = path.read_text(encoding="utf-8")
    assert "<!DOCTYPE" not in text and "<!ENTITY" not in text
    root = ET.fromstring(text)
    for element in root.iter():
        assert element.tag.rpartition("}")[2] in ALLOWED
        for name, value in element.attrib.items():
            assert "href" not in name and not name.startswith("on")
            assert "url(" not in value and "://" not in value
    if path.stem != "north":
        assert "param(fill)" in text and "param(outline)" in text
        assert root.get("viewBox") == "0 0 24 24"


@pytest.mark.parametrize("path", SIGNS, ids=lambda path: path.stem)
def test_a_symbol_takes_the_colours_it_is_given(path, qgis_app):
    fill, mark = QColor("#cc00cc"), QColor("#00cc00")
    image, fits = QgsApplication.svgCache().svgAsImage(symbols.svg(path.stem), 48.0, fill, mark, 1.0, 1.0)
    assert fits and image.width() >= 40
    found = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert fill.name() in found and mark.name() in found


def test_no_two_symbols_look_alike(qgis_app):
    seen = {}
    for path in SIGNS:
        image, _ = QgsApplication.svgCache().svgAsImage(
            symbols.svg(path.stem), 32.0, QColor("black"), QColor("white"), 1.0, 1.0
        )
        pixels = tuple(
            image.pixelColor(x, y).lightness() > 128 and image.pixelColor(x, y).alpha() > 128
            for x in range(32)
            for y in range(32)
        )
        for other, before in seen.items():
            assert sum(a != b for a, b in zip(pixels, before)) > 15, f"{path.stem} looks like {other}"
        seen[path.stem] = pixels


# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
BLIND = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998),
    ),
}  # fmt: skip


def lab(color, eyes):
    """CIE L*a*b* (D65) of a colour as given eyes see it."""
    srgb = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in srgb]
    r, g, b = (min(1.0, max(0.0, sum(m * v for m, v in zip(row, linear)))) for row in BLIND[eyes])
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("eyes", BLIND)
@pytest.mark.parametrize("look", palette.LOOKS.values(), ids=lambda look: look.key)
def test_stages_can_be_told_apart_by_all_eyes(look, eyes):
    """By colour alone (CIE76 ≥ 10, where 2.3 is just noticeable), or by shape too where less."""
    stages = list(palette.STAGES)
    for index, first in enumerate(stages):
        for second in stages[index + 1 :]:
            apart = math.dist(lab(look.stages[first], eyes), lab(look.stages[second], eyes))
            same_shape = palette.STAGES[first][1] == palette.STAGES[second][1]
            assert apart >= (25 if same_shape else 10), (first, second, apart)
    open_shapes = [palette.STAGES[stage][1] for stage in stages if stage not in ("closed", "void")]
    assert len(set(open_shapes)) == len(open_shapes)


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(first, second):
    """Return WCAG 2's contrast ratio."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", palette.LOOKS.values(), ids=lambda look: look.key)
def test_text_signs_and_lines_stand_out_from_their_ground(look):
    least = 7.0 if look.key == "contrast" else 4.5
    assert contrast(look.text, look.halo) >= 7.0
    for color in (look.grid, look.community, look.street, look.place):
        assert contrast(color, look.halo) >= (4.5 if look.key == "contrast" else 3.9), color
    for major, color in look.majors.items():
        assert contrast(color, look.mark) >= least, major


def test_a_dot_becomes_a_sign_by_the_scale(qgis_app):
    """Many colours from near by (sign and rim), one from afar."""
    made = symbols.point_symbol("hydrant", "01", palette.LIGHT)
    sizes = [made.symbolLayer(n).sizeMapUnitScale() for n in range(2)]
    assert [(scale.minSizeMM, scale.maxSizeMM) for scale in sizes] == [(0.8, 1.3), (2.8, 5.5)]
    words = made.symbolLayer(1).dataDefinedProperties().property(styles._ENABLED).asExpression()
    assert words == "@map_scale <= 3050"
    image = made.asImage(QSize(40, 40))
    assert not image.isNull()


def test_symbols_name_no_file_of_this_machine():
    made = symbols.point_symbol("hydrant", "01", palette.LIGHT)
    assert made.symbolLayer(1).path().startswith("base64:")
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", made.symbolLayer(1).path()[7:])
