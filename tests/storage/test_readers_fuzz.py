# SPDX-License-Identifier: GPL-2.0-or-later
"""Readers fed with files of which some bytes were changed, cut or doubled: rows, or a sentence; never another error.

A minute in the tests, an hour in ``make soak``; ``DCM_FUZZ_SECONDS`` says otherwise. The seeds are made on the spot. No
file may take long or much memory either: what a few bytes can ask for is bounded.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sys
import time

import ezdxf
import openpyxl
import pytest
import shapely
from PIL import Image

from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.photos import read_photo

ENDINGS = (".csv", ".xlsx", ".gpkg", ".shp", ".jpg", ".dxf", ".geojson", ".gpx")
LONGEST, LARGEST = 60.0, 1 << 20  # seconds for a file on a busy machine; KB that all of them may add


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """One small file of each kind."""
    folder = tmp_path_factory.mktemp("seeds")
    rows = [("名称", "x", "y"), ("井盖", "1.5", "2"), ("路灯", "", "7"), ('a"b', "3", "4")]
    (folder / "a.csv").write_text("\n".join(",".join(row) for row in rows), encoding="gb18030")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "a.xlsx")
    table = {"name": objects(["井", "灯"]), GEOM: objects([shapely.Point(1, 2), shapely.Point(3, 4)])}
    for ending in ("gpkg", "shp"):
        CityFiles().write_layer(str(folder / f"a.{ending}"), "a", table, "EPSG:4550", "Point")
    block = Image.Exif()
    block[306] = "2014:05:06 07:08:09"
    block[34853] = {1: "N", 2: (31.0, 5.0, 0.0), 3: "E", 4: (121.0, 6.0, 0.0)}
    Image.new("L", (40, 30), 90).save(folder / "a.jpg", exif=block)
    _drawings(folder)
    (folder / "a.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"名称": "井"}, '
        '"geometry": {"type": "Point", "coordinates": [121.5, 31.25]}}]}', encoding="utf-8"
    )  # fmt: skip
    (folder / "a.gpx").write_text(
        '<?xml version="1.0"?><gpx version="1.1" creator="x"><trk><trkseg><trkpt lat="31.5" lon="121.5">'
        "<time>2024-05-06T07:08:09Z</time></trkpt></trkseg></trk></gpx>", encoding="utf-8"
    )  # fmt: skip
    return folder


def _drawings(folder):
    """A drawing of each kind of file: R12 in GBK, R2010 in UTF-8 and one with much in it, R2000 as binary."""
    for name, version, codec in (("r12", "R12", "gbk"), ("r2010", "R2010", "utf-8"), ("binary", "R2000", "gbk")):
        document = ezdxf.new(version)
        document.header["$DWGCODEPAGE"] = "ANSI_936"
        document.appids.new("SOUTH")
        document.blocks.new("路灯").add_circle((0, 0), 1)
        document.blocks.new("框").add_line((0, 0), (100, 0))
        document.blocks.get("框").add_blockref("路灯", (5, 5))
        space = document.modelspace()
        space.add_blockref("路灯", (10, 10)).set_xdata("SOUTH", [(1000, "155210")])
        space.add_blockref("框", (20, 10)).add_attrib("名", "值", (0, 0))
        space.add_text("人民路", dxfattribs={"insert": (60, 60)})
        space.add_polyline2d([(0, 0, 0), (9, 0, 0), (9, 9, 0.5)], format="xyb", close=True)
        space.add_arc((5, 5), 3, 10, 80)
        if version != "R12":
            space.add_spline([(0, 0), (3, 5), (7, 5), (9, 9)])
            space.add_ellipse((3, 3), (5, 0), 0.5)
            space.add_hatch().paths.add_polyline_path([(0, 0), (5, 0), (5, 5)], is_closed=True)
            space.add_mtext("文字\\P二行")
        if name == "binary":
            document.saveas(folder / f"{name}.dxf", fmt="bin")
        else:
            document.encoding = codec
            document.saveas(folder / f"{name}.dxf", encoding=codec)


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Change a few bytes, cut a piece out, double one, or end early."""
    body = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        if not body:
            break
        at = chance.randrange(len(body))
        size = chance.choice((1, 2, 4, 16, 100))
        kind = chance.randrange(6)
        if kind == 0:
            body[at] = chance.choice((0, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        elif kind == 1:
            del body[at : at + size]
        elif kind == 2:
            body[at:at] = body[at : at + size]
        elif kind == 3:
            body[at : at + size] = chance.randbytes(size)
        elif kind == 4:  # a line for another one: what a text means, not what it is
            lines = body.split(b"\n")
            lines[chance.randrange(len(lines))] = chance.choice((*lines[:2000], b"1e308", b"-1", b"99999999", b"0"))
            body = bytearray(b"\n".join(lines))
        else:
            del body[at:]
    return bytes(body)


def read(path) -> None:
    """Read a file to its end, as an import does."""
    if path.suffix == ".jpg":
        read_photo(str(path))
        return
    if path.suffix == ".dxf":
        CityFiles().read_drawing(str(path))
        return
    source = CityFiles().open_source(str(path))
    try:
        for _ in source.chunks():
            pass
    finally:
        source.close()


class Endless(BaseException):
    """Out of time; no reader takes it for something that a file did."""


def endless(*_):
    raise Endless


def fuzz(seeds, folder, seconds: float, seed: int, most: int = 10**9) -> int:
    """Feed the readers for so long, or so many files; returns how many they were given."""
    chance, count = random.Random(seed), 0
    signal.signal(signal.SIGALRM, endless)
    parts = {path.name: path.read_bytes() for path in sorted(seeds.iterdir())}
    heads = [name for name in parts if name.endswith(ENDINGS)]
    end = time.monotonic() + seconds
    while time.monotonic() < end and count < most:
        head = chance.choice(heads)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        family = [name for name in parts if name == head or (head == "a.shp" and name[-4:] in (".shx", ".dbf", ".prj"))]
        spoilt = chance.choice(family)
        for name in family:
            (folder / name).write_bytes(mutate(parts[name], chance) if name == spoilt else parts[name])
        fault, begun, before = None, time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        signal.setitimer(signal.ITIMER_REAL, LONGEST)  # an ellipse of 10¹⁹⁷ m was read for ever
        try:
            read(folder / head)
        except CityError:
            pass
        except (Exception, Endless) as error:
            fault = error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        took, grew = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        if fault is None and (took > LONGEST or grew > LARGEST):
            fault = RuntimeError(f"{took:.0f} s, {grew >> 10} MB")
        if fault is not None:
            kept = folder.with_name(f"kept-{head}")
            shutil.copytree(folder, kept, dirs_exist_ok=True)
            raise AssertionError(f"seed {seed}, file {count}, {kept}: {fault!r}") from fault
        count += 1
    return count


def test_spoilt_files_are_read_or_refused(seeds, tmp_path):
    assert fuzz(seeds, tmp_path / "x", float(os.environ.get("DCM_FUZZ_SECONDS", "60")), 2014, 1_000) > 20


@pytest.mark.soak
def test_spoilt_files_are_read_or_refused_for_an_hour(seeds, tmp_path):
    seconds = float(os.environ.get("DCM_FUZZ_SECONDS", "3600"))
    seed = int(os.environ.get("DCM_FUZZ_SEED", time.time_ns() % 10**9))
    count = fuzz(seeds, tmp_path / "x", seconds, seed)
    sys.stdout.write(f"seed {seed}: {count} files in {seconds:.0f} s\n")
    assert count > 20
