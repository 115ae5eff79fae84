# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips as they look: every text of a sheet is in the PDF of the layout and in the Word file as an office prints it."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsLayoutItemMap, QgsLayoutItemScaleBar, QgsPrintLayout
from qgis.PyQt.QtCore import QRectF

from digital_citymgmt_plugin.bridge import slips as printing
from digital_citymgmt_plugin.bridge.layouts import export
from digital_citymgmt_plugin.core.cases import slips
from digital_citymgmt_plugin.core.cases.slips import Sheet
from tests.qgis.make_city import make_city

pytestmark = pytest.mark.qgis
word = pytest.importorskip("docx") and pytest.importorskip("digital_citymgmt_plugin.storage.word")
ROOT = Path(__file__).resolve().parents[2]
OFFICE = shutil.which("soffice")
needs_reader = pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext (poppler-utils) is not installed")

RADICALS = str.maketrans(
    "⺠⻰⻆⻅⻉⻋⻓⻔⻚⻛⻜⻢⻥⻦⻬⻮⻩⻨⻘⻝⻄⻁⻣⻤⻙", "民龙角见贝车长门页风飞马鱼鸟齐齿黄麦青食西虎骨鬼韦"
)
DASHES = str.maketrans("–‐‑‒−", "-----")
ADDRESS = "启东市汇龙镇人民中路与江海南路交叉口东北角向北约两百米路西侧紫薇花苑三期二十七号楼北侧人行道" * 5
DESCRIPTION = (
    "市民反映该处上水井盖破损下沉，夜间无照明，周边有学校与菜场，人流密集，雨后积水没过脚踝，存在安全隐患。" * 6
)
DAYS = ("2026-03-01", "2026-06-01")
TEXTS = {
    "place": f"{ADDRESS} (500100.0, 3520100.0)", "description": DESCRIPTION, "case_no": "督〔2026〕第000123号/甲",
    "due": "2026-03-03 17:00 [已超期]", "component": "–", "class": "0101 上水井盖",
    "supervise_reason": DESCRIPTION[:230], "supervise_due": "2026-07-01 23:59 (2 级督办)",
    "parked_reason": DESCRIPTION[50:280], "department_says": DESCRIPTION[10:240],
}  # fmt: skip


def words():
    rows = (ROOT / "digital_citymgmt_plugin/resources/i18n/sentences.tsv").read_text(encoding="utf-8").splitlines()
    return {row.split("\t")[0][5:]: row.split("\t")[2] for row in rows if row.startswith("slip.")}


def sheet_of(kind, told, **values):
    """Return a sheet with texts as long as they come; ``map``: with a place, ``photos``: names."""
    lines = [[told[f"line_{name}"], TEXTS.get(name, f"内容{name}")] for name in slips.LINES[kind]]
    header, rows = [], []
    if kind == slips.DOSSIER:
        header = [told[f"column_{name}"] for name in slips.TIMELINE_COLUMNS]
        rows = [
            [f"2026-03-{day:02d} 09:00", "派遣", "处置", f"王{day}", "城市管理局", DESCRIPTION[: 20 * day]]
            for day in range(1, 13)
        ]
    if kind == slips.PARKED_LIST:
        header = [told[f"column_{name}"] for name in slips.PARKED_COLUMNS]
        rows = [
            [str(at), f"A{at:05d}", "0101 上水井盖", ADDRESS[: 6 * at], "城市管理局", *DAYS, DESCRIPTION[: 9 * at]]
            for at in range(1, 31)
        ]
    return Sheet(
        kind=kind, fid=0 if kind == slips.PARKED_LIST else 7, stem=f"{kind}_甲",
        title=f"启东市 {told[f'title_{kind}']}", lines=lines, header=header, rows=rows, lamp="red",
        signs=[told[f"sign_{name}"] for name in slips.SIGNS[kind]], **values,
    )  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("looks") / "city.gpkg"
    make_city(str(path))
    photos = path.with_name("city_photos")
    photos.mkdir()
    from PIL import Image

    for number, size in enumerate(((1200, 900), (900, 1200), (400, 300), (3000, 500))):
        Image.new("RGB", size, ("#7a9", "#a97", "#79a", "#997")[number]).save(photos / f"{number}.jpg")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    return path


def text_of(pdf):
    """Return a PDF's text without blanks: lines are broken anywhere."""
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, timeout=60)
    # One glyph serves a sign and the radical that looks the same: a reader may give either.
    return unicodedata.normalize("NFKC", done.stdout.decode("utf-8", "replace")).translate(RADICALS).translate(DASHES)


def _plain(words):
    return unicodedata.normalize("NFKC", words).translate(DASHES)


def lost(sheet, text):
    """Return the texts of a sheet that are not in a PDF's text.

    Cells stand beside each other, so their letters are counted; Latin ones are not: of some runs of digits Qt's PDF has
    the glyphs without the letters (they are seen and printed, a search does not find them).
    """
    plain = re.sub(r"\s", "", text)
    lines = [_plain(words) for pair in sheet.lines for words in pair]
    lines += [_plain(words) for words in (sheet.title, *sheet.signs, *sheet.left_out)]
    missing = [words for words in lines if re.sub(r"\s", "", words) not in plain]
    cells = [_plain(cell) for row in [sheet.header, *sheet.rows] for cell in row]
    letters = Counter(letter for letter in "".join([*lines, *cells]) if ord(letter) > 0x2E7F)
    there = Counter(plain)
    short = [f"{letter}: {there[letter]} of {count}" for letter, count in letters.items() if there[letter] < count]
    return missing + short


def sheets(told):
    """Yield sheets: with all, without photos and map, with photos that cannot be shown."""
    for kind in slips.KINDS:
        lists = kind == slips.PARKED_LIST
        photos = [] if lists else ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "broken.jpg", "none.jpg"]
        yield sheet_of(kind, told, place=None if lists else [500100.0, 3520100.0], photos=photos)
    yield sheet_of("dispatch", told, left_out=[told["no_place"]])


@needs_reader
@pytest.mark.parametrize("number", range(len(slips.KINDS) + 1))
def test_every_text_is_in_the_pdf_of_the_layout(number, qgis_app, city, tmp_path):
    told = words()
    sheet = list(sheets(told))[number]
    with printing.SlipPrinter(str(city), QgsCoordinateReferenceSystem("EPSG:4549")) as printer:
        path, _pages = printer.print(sheet.told(), told, str(tmp_path))
    assert lost(sheet, text_of(path)) == []
    assert Path(path).stat().st_size < 2_500_000


@needs_reader
@pytest.mark.skipif(not OFFICE, reason="soffice (libreoffice-writer) is not installed")
@pytest.mark.parametrize("number", range(len(slips.KINDS) + 1))
def test_every_text_is_in_the_word_file_as_an_office_prints_it(number, qgis_app, city, tmp_path):
    told = words()
    sheet = list(sheets(told))[number]
    picture = ""
    if sheet.place:
        with printing.SlipPrinter(str(city), QgsCoordinateReferenceSystem("EPSG:4549")) as printer:
            picture = shutil.copy(printer.picture(sheet.told()), tmp_path / "map.png")
    path = tmp_path / f"{sheet.stem}.docx"
    word.write_slip(str(path), sheet, told, str(picture), str(city.with_name("city_photos")))
    done = subprocess.run(
        [OFFICE, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf", "--outdir",
         str(tmp_path), str(path)], capture_output=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-500:]
    assert lost(sheet, text_of(path.with_suffix(".pdf"))) == []


def test_the_scale_bar_stands_within_the_frame_of_the_map(qgis_app, city, tmp_path):
    """A scale bar takes the size that it needs when it is drawn: its white ground must not cover the frame."""
    told = words()
    with printing.SlipPrinter(str(city), QgsCoordinateReferenceSystem("EPSG:4549")) as printer:
        layout = QgsPrintLayout(printer.project)
        layout.initializeDefaults()
        printing._Page(printer, layout, next(sheets(told)).told(), told).fill()
        export(layout, str(tmp_path / "slip.pdf"), 100)
        frame = next(item for item in layout.items() if isinstance(item, QgsLayoutItemMap)).scenePos()
        bar = next(item for item in layout.items() if isinstance(item, QgsLayoutItemScaleBar)).sceneBoundingRect()
    inside = QRectF(frame.x(), frame.y(), *printing._MAP).adjusted(1, 1, -1, -1)
    assert inside.contains(bar), (inside, bar)
