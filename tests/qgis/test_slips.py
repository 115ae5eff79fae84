# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips printed by QGIS: hostile texts are printed as they are, photos come out of the city's folder only."""

from __future__ import annotations

import re

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsLayoutItemLabel, QgsLayoutItemPicture
from qgis.PyQt.QtGui import QColor, QImage

from digital_citymgmt_plugin.bridge import slips
from tests.qgis.make_city import make_city

pytestmark = pytest.mark.qgis

HOSTILE = '[% env("HOME") %] <b>x</b> [%now()%] {{7*7}} =1+1'
WORDS = {"no_photo": "{count} photos could not be shown", "map": "Map", "photos": "Photos", "timeline": "Course"}


def sheet_of(**values):
    return {
        "kind": "dispatch", "fid": 1, "stem": "A_1", "title": HOSTILE,
        "lines": [["Number", HOSTILE], ["Due", "x [red]"]], "header": [], "rows": [], "place": None, "lamp": "red",
        "photos": [], "signs": ["By"], "left_out": [HOSTILE], **values,
    }  # fmt: skip


@pytest.fixture
def printer(qgis_app, tmp_path):
    path = tmp_path / "city.gpkg"
    make_city(str(path))
    with slips.SlipPrinter(str(path), QgsCoordinateReferenceSystem("EPSG:4550")) as made:
        yield made


def test_texts_are_printed_and_not_evaluated(printer, tmp_path, monkeypatch):
    seen = []

    def look(layout, path, _dpi):
        seen.extend(item.currentText() for item in layout.items() if isinstance(item, QgsLayoutItemLabel))
        slips_export(layout, path, 100)

    slips_export = slips.export
    monkeypatch.setattr(slips, "export", look)
    path, pages = printer.print(sheet_of(place=[500.0, 500.0]), WORDS, str(tmp_path))
    assert pages == 1 and (tmp_path / "A_1.pdf").read_bytes().startswith(b"%PDF")
    assert any('[ % env("HOME") %]' in text and "[ %now()%]" in text for text in seen)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".dcm_")] == [] and path.endswith("A_1.pdf")


def test_photos_come_out_of_the_city_s_folder_only(printer, tmp_path, monkeypatch):
    folder = tmp_path / "city_photos"
    folder.mkdir()
    image = QImage(60, 40, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff0000"))
    for path in (folder / "good.jpg", tmp_path / "secret.jpg"):
        assert image.save(str(path))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (folder / "vector.svg").write_text("<svg/>", encoding="utf-8")
    pictures = []
    slips_export = slips.export

    def look(layout, path, dpi):
        pictures.extend(item.picturePath() for item in layout.items() if isinstance(item, QgsLayoutItemPicture))
        slips_export(layout, path, 100)

    monkeypatch.setattr(slips, "export", look)
    names = ["good.jpg", "../secret.jpg", "http://x/a.jpg", "broken.jpg", "vector.svg", "base64:AAAA", "none.jpg"]
    printer.print(sheet_of(photos=names), WORDS, str(tmp_path))
    assert printer.photos_missing == 6
    assert len(pictures) == 1 and pictures[0].startswith(printer.folder)


def test_a_long_table_goes_on_and_the_map_of_a_case_is_drawn(printer, tmp_path):
    rows = [[str(number), HOSTILE] for number in range(120)]
    _path, pages = printer.print(sheet_of(header=["No.", "Text"], rows=rows), WORDS, str(tmp_path))
    assert pages > 1
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "A_1.pdf").read_bytes())) == pages
    picture = printer.picture(sheet_of(place=[500.0, 500.0]))
    assert not QImage(picture).isNull() and printer.picture(sheet_of()) == ""
