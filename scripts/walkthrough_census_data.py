# SPDX-License-Identifier: GPL-2.0-or-later
"""What a crew lead has on the desk in the morning, made of the demo city: drawings, an old ledger, photos, an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

CRS = 4550  # of the demo city
OLD = {"路灯": "路灯杆", "雨水井盖": "雨水井", "污水井盖": "污水井"}  # class → the ledger's word for it
LISTED, BY_NUMBER, ORPHANS = 12, 12, 3  # photos that the ledger lists, that bear a number, that belong to nothing


def make_census_day(out: Path, data: Path) -> None:
    """Write ``图纸`` (sheets, a road survey of another house), ``旧台账.xlsx``, ``照片``, ``影像.tif``, wrong files."""
    out.mkdir(parents=True, exist_ok=True)
    found = components(data)
    drawings(out / "图纸", data, found)
    ledger(out / "旧台账.xlsx", found)
    photos(out / "照片", found)
    orthophoto(out / "影像.tif", found)
    (out / "坏图.dxf").write_bytes(b"  0\nSECTION\n  2\nENTITIES\n  0\nLINE\n")
    (out / "空表.csv").write_bytes(b"")
    (out / "说明.csv").write_text("读我,备注\n一,二\n", encoding="utf-8")


def components(data: Path) -> list[dict[str, Any]]:
    """Return number, class and place of the surveyed points whose class the ledger has, the first 25 of each."""
    import pyogrio
    import shapely

    meta, _, shapes, columns = pyogrio.raw.read(
        data / "components" / "components_point.shp", columns=["SRC_ID", "NAME"], encoding="GB18030"
    )
    named = dict(zip(meta["fields"], columns))
    points = shapely.from_wkb(shapes)
    found: list[dict[str, Any]] = []
    for word in OLD:
        at = np.flatnonzero(named["NAME"] == word)[:25]
        found += [{"id": named["SRC_ID"][n], "class": word, "x": points[n].x, "y": points[n].y} for n in at]
    return found


def drawings(out: Path, data: Path, found: list[dict[str, Any]]) -> None:
    """Draw the base map as CASS sheets, and lamps and lids on layers that only their house knows."""
    import ezdxf

    from scripts.demo_city.dxf_sheets import write_sheets

    write_sheets(data / "base_map.gpkg", out, 2)
    document = ezdxf.new("R2010")
    document.blocks.new("SYM").add_circle((0, 0), 0.4)
    space = document.modelspace()
    layers = {"路灯": "DG_LAMP", "雨水井盖": "PS_STORM", "污水井盖": "PS_SEWER"}
    for one in found:
        # A drawing of another year: some metres beside the census, so that both can be told apart.
        space.add_blockref("SYM", (one["x"] + 6.0, one["y"] + 4.0), dxfattribs={"layer": layers[one["class"]]})
    xs, ys = [one["x"] for one in found], [one["y"] for one in found]
    space.add_line((min(xs), min(ys)), (max(xs), max(ys)), dxfattribs={"layer": "HELP"})
    space.add_text("道路改造", dxfattribs={"insert": (min(xs), min(ys)), "layer": "HELP", "height": 2.0})
    document.saveas(out / "道路改造.dxf")


def ledger(path: Path, found: list[dict[str, Any]]) -> None:
    """Write the same things as an older census saw them, 0.3 m beside, in words of its own."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("台账")
    sheet.append(["设施编号", "设施类型", "管护单位", "X坐标", "Y坐标", "照片", "备注"])
    for at, one in enumerate(found):
        photo = f"IMG_{at:04d}.jpg" if at < LISTED else "-"
        place = (round(one["x"] + 0.3, 3), round(one["y"], 3))
        sheet.append([f"L{at:04d}", OLD[one["class"]], "市政处", *place, photo, "N/A"])
    sheet.append(["L9999", "电话亭", "市政处", found[0]["x"] + 50.0, found[0]["y"], "-", ""])
    book.save(path)


def photos(out: Path, found: list[dict[str, Any]]) -> None:
    """Write small photos: listed ones, some by number of the ledger or of the census, orphans, and what is none."""
    (out / "下午").mkdir(parents=True, exist_ok=True)
    for at in range(LISTED):
        picture(out / f"IMG_{at:04d}.jpg", at, found[at]["class"])
    for at in range(BY_NUMBER):
        picture(out / "下午" / f"{found[at]['id']}.jpg", 100 + at, found[at]["class"])
    for at in range(ORPHANS):
        picture(out / f"DSC_{at}.jpg", 200 + at, "?", place=(0.0, 0.0))
    (out / "empty.jpg").write_bytes(b"")
    (out / "notes.jpg").write_text("no photo", encoding="utf-8")


def picture(path: Path, seed: int, words: str, place: tuple[float, float] | None = None) -> None:
    """Paint a street of sorts with what stands on it; the same seed gives the same bytes."""
    from PIL import Image, ImageDraw

    noise = np.random.default_rng(seed)
    image = Image.new("RGB", (320, 240), tuple(int(value) for value in noise.integers(150, 220, 3)))
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 240), (120, 110), (200, 110), (320, 240)], fill=(95, 95, 100))
    for _ in range(6):
        x, y = (int(value) for value in noise.integers(0, 280, 2))
        draw.rectangle((x, y // 3, x + 40, y // 3 + 60), fill=tuple(int(value) for value in noise.integers(60, 200, 3)))
    x = int(noise.integers(90, 200))
    if "灯" in words:
        draw.line((x, 210, x, 40, x + 40, 34), fill=(40, 40, 40), width=5)
        draw.ellipse((x + 34, 28, x + 54, 40), fill=(255, 235, 150))
    else:
        draw.ellipse((x, 170, x + 70, 205), fill=(60, 60, 62), outline=(25, 25, 25), width=4)
    exif = Image.Exif()
    exif[0x0132] = "2026:03:02 09:10:11"
    if place is not None:
        exif[0x8825] = {1: "N", 2: (place[1], 0.0, 0.0), 3: "E", 4: (place[0], 0.0, 0.0)}
    image.save(path, quality=80, exif=exif)


def orthophoto(path: Path, found: list[dict[str, Any]]) -> None:
    """Paint a soft image of 800 m around the first component, 1 m a pixel."""
    from osgeo import gdal, osr

    gdal.UseExceptions()
    side = 800
    made = gdal.GetDriverByName("GTiff").Create(str(path), side, side, 3, options=["COMPRESS=JPEG"])
    made.SetGeoTransform((found[0]["x"] - side / 2, 1.0, 0.0, found[0]["y"] + side / 2, 0.0, -1.0))
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(CRS)
    made.SetProjection(reference.ExportToWkt())
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    hills = np.sin(x / 61) * np.cos(y / 83) + 0.5 * np.sin((x + 2 * y) / 37)
    grain = np.random.default_rng(7).normal(0, 2, (side, side))
    for band, (ground, depth) in enumerate(((104, 16), (118, 14), (88, 12)), 1):
        made.GetRasterBand(band).WriteArray(np.clip(ground + depth * hills + grain, 0, 255).astype(np.uint8))
    made.FlushCache()
