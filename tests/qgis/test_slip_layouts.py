# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips on a city's own print layout: filled by id, the city's items stay, what is hostile in it comes to nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsLayoutFrame,
    QgsLayoutItemHtml,
    QgsLayoutItemLabel,
    QgsLayoutItemPicture,
    QgsLayoutItemRegistry,
    QgsLayoutItemShape,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsPrintLayout,
    QgsProject,
    QgsProperty,
    QgsReadWriteContext,
)
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QColor, QImage
from qgis.PyQt.QtXml import QDomDocument

from digital_citymgmt_plugin.bridge import slips as printing
from digital_citymgmt_plugin.bridge.slip_layouts import SlipTemplate, save_layout
from digital_citymgmt_plugin.core import slip_layout
from digital_citymgmt_plugin.core.cases import slips
from digital_citymgmt_plugin.core.errors import InputRefused
from tests.qgis import test_slip_looks as looks
from tests.qgis.test_slip_looks import city  # noqa: F401

pytestmark = pytest.mark.qgis
HOSTILE = '[% env("HOME") %] [%now()%] {{ case_no }} <b>x</b> file:///etc/passwd'


@pytest.fixture
def printer(qgis_app, city):  # noqa: F811
    with printing.SlipPrinter(str(city), QgsCoordinateReferenceSystem("EPSG:4549")) as made:
        yield made


def edited(path, change):
    """Open a layout as the designer does, change it, and save it."""
    project = QgsProject()
    layout = QgsPrintLayout(project)
    document = QDomDocument()
    if path.exists():
        document.setContent(path.read_text(encoding="utf-8"))
        layout.loadFromTemplate(document, QgsReadWriteContext())
    else:
        layout.initializeDefaults()
    change(layout)
    assert layout.saveAsTemplate(str(path), QgsReadWriteContext())
    del layout  # before its project
    return path


def add(layout, item, name, at=(10, 10), size=(60, 20)):
    layout.addLayoutItem(item)
    item.setId(name)
    item.attemptResize(QgsLayoutSize(*size))
    item.attemptMove(QgsLayoutPoint(*at))
    return item


def label(layout, name, text, at=(10, 10), size=(60, 20)):
    item = add(layout, QgsLayoutItemLabel(layout), name, at, size)
    item.setText(text)
    return item


def printed(printer, path, sheet, told, folder, monkeypatch=None):
    """Print a sheet on a template; returns text, pages, template and the texts of labels as they were evaluated."""
    seen = []
    if monkeypatch is not None:
        real = printing.export

        def look(layout, *args, **more):
            seen.extend(layout.items())
            seen[:] = [
                (item.id(), item.currentText() if isinstance(item, QgsLayoutItemLabel) else item)
                for item in seen if hasattr(item, "id")
            ]  # fmt: skip
            seen[:] = [(n, (t if isinstance(t, str) else getattr(t, "picturePath", lambda: "")())) for n, t in seen]
            return real(layout, *args, **more)

        monkeypatch.setattr(printing, "export", look)
    printer.filler = SlipTemplate(str(path), printer)
    written, pages = printer.print(sheet.told(), told, str(folder))
    return written, pages, printer.filler, seen


def test_the_numbers_of_kinds_are_those_of_qgis():
    kinds = QgsLayoutItemRegistry.ItemType
    for number, kind in (
        (slip_layout.PAGE, kinds.LayoutPage), (slip_layout.MAP, kinds.LayoutMap),
        (slip_layout.PICTURE, kinds.LayoutPicture), (slip_layout.LABEL, kinds.LayoutLabel),
        (slip_layout.SHAPE, kinds.LayoutShape), (slip_layout.POLYGON, kinds.LayoutPolygon),
        (slip_layout.POLYLINE, kinds.LayoutPolyline), (slip_layout.SCALE_BAR, kinds.LayoutScaleBar),
        (slip_layout.GROUP, kinds.LayoutGroup),
    ):  # fmt: skip
        assert int(number) == int(kind)


@looks.needs_reader
@pytest.mark.parametrize("kind", slips.KINDS)
def test_the_layout_that_is_written_takes_every_text_of_its_kind(kind, printer, tmp_path):
    told = looks.words()
    path = save_layout(kind, str(tmp_path))
    assert save_layout(kind, str(tmp_path)) != path  # one that was edited is not overwritten
    sheet = next(one for one in looks.sheets(told) if one.kind == kind)
    written, pages, template, _ = printed(printer, Path(path), sheet, told, tmp_path)
    assert template.sentences() == []
    assert looks.lost(sheet, looks.text_of(written)) == []
    done = subprocess.run(["pdfinfo", written], check=True, capture_output=True, text=True, timeout=60)
    wide, high = map(float, re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", done.stdout).groups())
    assert (wide > high) == (kind == slips.PARKED_LIST) and f"Pages:           {pages}" in done.stdout


@looks.needs_reader
def test_the_city_s_items_and_paper_stay_and_missing_ids_are_told(printer, tmp_path):
    told = looks.words()
    image = QImage(300, 120, QImage.Format.Format_RGB32)
    image.fill(QColor("#0055aa"))
    (tmp_path / "city").mkdir()
    assert image.save(str(tmp_path / "city" / "logo.png"))

    def change(layout):
        layout.pageCollection().page(0).setPageSize(QgsLayoutSize(148, 210))
        label(layout, "heading", "启东市数字化城市管理指挥中心 红头 {{ case_no }} {{ wrong }}", (5, 5), (100, 12))
        logo = add(layout, QgsLayoutItemPicture(layout), "logo", (110, 5), (30, 12))
        logo.setPicturePath(str(tmp_path / "city" / "logo.png"))
        add(layout, QgsLayoutItemShape(layout), "frame", (5, 20), (138, 100))
        label(layout, "facts", "", (8, 22), (130, 60))

    path = edited(tmp_path / "city" / "own.qpt", change)
    sheet = next(looks.sheets(told))
    written, pages, template, _ = printed(printer, path, sheet, told, tmp_path)
    text = re.sub(r"\s", "", looks.text_of(written))
    assert "指挥中心红头督〔2026〕第000123号/甲{{wrong}}" in text
    assert pages > 1 and all(re.sub(r"\s", "", looks._plain(words)) in text for pair in sheet.lines for words in pair)
    told_codes = dict(template.sentences())
    assert told_codes["qpt.missing"]["items"] == "title, map, photos, signature"
    assert told_codes["qpt.unknown"]["names"] == "wrong" and "qpt.picture" not in told_codes
    done = subprocess.run(["pdfimages", "-list", written], check=True, capture_output=True, text=True, timeout=60)
    assert " 300   120 " in done.stdout


def test_texts_of_cases_are_not_evaluated_on_a_template(printer, tmp_path, monkeypatch):
    told = looks.words()
    lines = [[one, HOSTILE] for one, _text in looks.sheet_of("dispatch", told).lines]
    sheet = slips.Sheet(
        kind="dispatch", fid=7, stem="h", title=HOSTILE, lines=lines, signs=[HOSTILE], left_out=[HOSTILE]
    )
    path = edited(
        Path(save_layout("dispatch", str(tmp_path))),
        lambda layout: label(layout, "own", "{{ description }} [{{ place }}", size=(180, 60)),
    )
    _written, _pages, _template, seen = printed(printer, path, sheet, told, tmp_path, monkeypatch)
    texts = "".join("".join(text.split()) for _name, text in seen)
    assert texts.count('[%env("HOME")%]') >= 18 and texts.count("[%now()%]") >= 18 and str(Path.home()) not in texts
    assert any(re.fullmatch(r"第 1 页，共 \d 页|Page 1 of \d", text) for _name, text in seen)


def test_what_is_hostile_in_a_layout_comes_to_nothing_and_is_told(printer, tmp_path, monkeypatch):
    told = looks.words()
    secret = tmp_path / "secret.png"
    image = QImage(30, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff0000"))
    assert image.save(str(secret))
    (tmp_path / "city").mkdir()
    (tmp_path / "city" / "link.png").symlink_to(secret)
    (tmp_path / "city" / "v.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{secret}"/></svg>')
    addresses = [
        str(secret), "../secret.png", f"file://{secret}", "http://127.0.0.1:9/a.png", "link.png", "v.svg",
        "base64:PHN2Zy8+", "/vsicurl/http://127.0.0.1:9/a.png", "\\\\host\\share\\a.png", "base64:***",
    ]  # fmt: skip

    def change(layout):
        for number, address in enumerate(addresses):
            add(layout, QgsLayoutItemPicture(layout), f"picture{number}").setPicturePath(address)
        moved = add(layout, QgsLayoutItemPicture(layout), "expression")
        moved.dataDefinedProperties().setProperty(
            moved.DataDefinedProperty.PictureSource, QgsProperty.fromExpression(f"'{secret}'")
        )
        label(layout, "evaluated", f"[% file_size('{secret}') %] [% @layout_page %]")
        label(layout, "html", f"<img src='file://{secret}'><iframe src='http://127.0.0.1:9'>").setMode(
            QgsLayoutItemLabel.Mode.ModeHtml
        )
        page = QgsLayoutItemHtml.create(layout)
        page.setUrl(QUrl.fromLocalFile(str(secret)))
        layout.addMultiFrame(page)
        page.addFrame(QgsLayoutFrame(layout, page))
        add(layout, QgsLayoutItemShape(layout), "shape")

    path = edited(tmp_path / "city" / "h.qpt", change)
    text = path.read_text(encoding="utf-8")
    at = text.index('class="SimpleFill"', text.index('id="shape"'))
    path.write_text(
        text[:at] + text[at:].replace('class="SimpleFill"', 'class="GeometryGenerator"', 1), encoding="utf-8"
    )
    sheet = looks.sheet_of("dispatch", told)
    _written, _pages, template, seen = printed(printer, path, sheet, told, tmp_path, monkeypatch)
    codes = [code for code, _values in template.sentences()]
    assert codes.count("qpt.picture") == len(addresses)
    assert {
        "qpt.expression",
        "qpt.evaluated",
        "qpt.html",
        "qpt.kind",
        "qpt.symbol",
    } <= set(codes)
    shown = dict(seen)
    assert all(shown[f"picture{number}"] == "" for number in range(len(addresses))) and shown["expression"] == ""
    assert shown["evaluated"] == f"[ % file_size('{secret}') %] 1" and shown["html"].startswith("<img")
    project = QgsProject()
    loaded = QgsPrintLayout(project)
    loaded.loadFromTemplate(template.document, QgsReadWriteContext())
    assert not loaded.multiFrames() and "GeometryGenerator" not in template.document.toString()
    assert not any(
        item.dataDefinedProperties().hasActiveProperties() for item in loaded.items() if hasattr(item, "uuid")
    )


PAGE = '<PageCollection><LayoutItem type="65638" size="{size}"/></PageCollection>'
BAD = {
    "hostile": [
        '<!DOCTYPE Layout [<!ENTITY x SYSTEM "file:///etc/passwd">]><Layout>&x;</Layout>',
        '<!DOCTYPE Layout SYSTEM "http://127.0.0.1:9/a.dtd"><Layout/>',
        '<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Layout>&b;</Layout>',
        '<?xml version="1.0"?><?xml-stylesheet href="http://127.0.0.1:9"?><Layout/>',
    ],
    "unreadable": ["", "no xml", "<Layout>", "<Layout>&x;</Layout>", '<Layout a="1" a="2"/>',
        '<?xml version="1.0" encoding="no-such"?><a/>'],
    "no_layout": [
        "<qgis/>", "<Layout/>", *(f"<Layout>{PAGE.format(size=size)}</Layout>" for size in (
            "nan,297,mm", "1e9,297,mm", "0,0,mm", "210,297,furlong", "210", "210,inf,mm", "-210,297,mm")),
        f"<Layout>{PAGE.format(size='210,297,mm') * 21}</Layout>",
        f'<Layout>{PAGE.format(size="210,297,mm")}'
        '<LayoutItem type="65641"><text-style fontSize="1e9"/></LayoutItem></Layout>',
        f'<Layout>{PAGE.format(size="210,297,mm")}<LayoutItem type="65646" numSegments="1000000000"/></Layout>',
        f'<Layout>{PAGE.format(size="210,297,mm")}' + '<LayoutItem type="65641"/>' * 400 + "</Layout>",
    ],
    "large": ["<Layout>" + "<a/>" * 50_000 + "</Layout>", "<Layout>" + "<a>" * 5_000 + "</a>" * 5_000 + "</Layout>",
        "<Layout>" + " " * (5 << 20) + "</Layout>"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in BAD.items() for text in texts], ids=lambda one: str(one)[:30]
)
def test_a_broken_layout_is_refused_with_a_sentence(code, text, printer, tmp_path):
    path = tmp_path / "bad.qpt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputRefused) as refused:
        SlipTemplate(str(path), printer)
    assert refused.value.code == f"qpt.{code}"


def test_a_layout_that_is_not_there_or_binary_is_refused(printer, tmp_path):
    for path in (tmp_path / "none.qpt", tmp_path):
        with pytest.raises(InputRefused):
            SlipTemplate(str(path), printer)
    (tmp_path / "b.qpt").write_bytes(bytes(range(256)) * 9)
    with pytest.raises(InputRefused):
        SlipTemplate(str(tmp_path / "b.qpt"), printer)


def test_the_algorithm_writes_a_layout_and_prints_on_it(qgis_app, city, tmp_path):  # noqa: F811
    from qgis.core import QgsProcessingContext, QgsProcessingFeedback

    from digital_citymgmt_plugin.algorithms.writeslips import WriteSlipsAlgorithm

    def run(**values):
        algorithm = WriteSlipsAlgorithm()
        algorithm.initAlgorithm({})
        given = {"STORE": str(city), "KIND": "dispatch", "OUTPUT": str(tmp_path / "slips"), **values}
        return algorithm.run(given, QgsProcessingContext(), QgsProcessingFeedback())

    _results, done = run(FORMAT="qpt", CASES="queue:to_dispatch")
    (path,) = (tmp_path / "slips").glob("*.qpt")
    assert done and slip_layout.read_layout(path.read_bytes(), path.name).told == []
    (tmp_path / "own.txt").write_text("", encoding="utf-8")
    _results, done = run(FORMAT="pdf", CASES="1", TEMPLATE=str(tmp_path / "own.txt"))
    assert not done


def test_a_run_prints_on_the_layout_and_tells_what_was_not_used(qgis_app, city, tmp_path):  # noqa: F811
    from digital_citymgmt_plugin.bridge.slip_run import run_slips

    told = looks.words()
    sheet = next(looks.sheets(told))

    class Engine:
        def call(self, _request, **_more):
            return {"slips": [sheet.told()], "words": told}

    made = Path(save_layout("dispatch", str(tmp_path)))
    made.write_bytes(made.read_bytes().replace(b'id="photos"', b'id="pictures"'))
    said = []
    crs = QgsCoordinateReferenceSystem("EPSG:4549")
    for template in (str(made), str(tmp_path / "a.docx")):
        counts = run_slips(
            Engine(), str(city), crs, "dispatch", {"cases": [7], "names": {"7": "a"}}, "pdf", str(tmp_path),
            lambda _share: None, lambda: False, template, lambda code, values: said.append((code, values)),
        )  # fmt: skip
        assert counts["files"] == 1
    assert said == [("qpt.missing", {"items": "photos"}), ("qpt.unused", {"file": "a.docx"})]
