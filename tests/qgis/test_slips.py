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

    def look(layout, path, _dpi, **_more):
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

    def look(layout, path, dpi, **_more):
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


def _turned(path, size, orientation):
    """Write a photo red on top (of what is seen), with its pixels turned as EXIF says."""
    from PIL import Image

    image = Image.new("RGB", size, "#0000ff")
    image.paste("#ff0000", (0, 0, size[0], size[1] // 4))
    turned = {1: image, 6: image.transpose(Image.Transpose.ROTATE_90), 3: image.transpose(Image.Transpose.ROTATE_180)}
    facts = Image.Exif()
    facts[0x0112] = orientation
    turned[orientation].save(path, exif=facts, quality=95)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_photos_are_shown_the_right_way_up_and_small(printer, tmp_path, orientation):
    import io

    from PIL import Image

    folder = tmp_path / "city_photos"
    folder.mkdir()
    _turned(folder / "a.jpg", (3000, 4000), orientation)  # 12 MP
    image = QImage(printer.photo("a.jpg", 1))
    assert (image.width(), image.height()) == (750, 1000)
    assert image.pixelColor(370, 40).red() > 200 and image.pixelColor(370, 900).blue() > 200
    assert (tmp_path / "city_photos" / "a.jpg").stat().st_size > 10_000
    from digital_citymgmt_plugin.storage.photos import small_photo

    data = small_photo(str(folder / "a.jpg"), 1_000)
    with Image.open(io.BytesIO(data)) as word:
        assert word.size == (750, 1000) and word.getpixel((370, 40))[0] > 200 and not word.getexif()
    assert len(data) < 300_000


def test_a_photo_that_would_fill_the_memory_is_not_decoded_and_told(printer, tmp_path):
    import struct
    import zlib

    from digital_citymgmt_plugin.core.errors import InputRefused
    from digital_citymgmt_plugin.storage.photos import small_photo

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    folder = tmp_path / "city_photos"
    folder.mkdir()
    bomb = folder / "bomb.png"
    rows = chunk(b"IDAT", zlib.compress(b"\0" * 10_000_000))
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + rows + chunk(b"IEND", b""))
    plain = QImage(40, 30, QImage.Format.Format_RGB32)
    plain.fill(QColor("#00ff00"))
    assert plain.save(str(folder / "p.png"))
    assert printer.photo("bomb.png", 1) == "" and printer.photo("p.png", 2)
    with pytest.raises(InputRefused):
        small_photo(str(bomb))
    path, _pages = printer.print(sheet_of(photos=["bomb.png", "p.png", "none.jpg"]), WORDS, str(tmp_path))
    assert printer.photos_missing == 2 and path
