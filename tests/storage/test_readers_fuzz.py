# SPDX-License-Identifier: GPL-2.0-or-later
"""Readers fed with files of which some bytes were changed, cut or doubled: rows, or a sentence; never another error.

A minute in the tests, an hour in ``make soak``; ``DCM_FUZZ_SECONDS`` says otherwise. The seeds are made on the spot.
"""

from __future__ import annotations

import os
import random
import shutil
import time

import openpyxl
import pytest
import shapely
from PIL import Image

from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.photos import read_photo


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
    return folder


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Change a few bytes, cut a piece out, double one, or end early."""
    body = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        if not body:
            break
        at = chance.randrange(len(body))
        size = chance.choice((1, 2, 4, 16, 100))
        kind = chance.randrange(5)
        if kind == 0:
            body[at] = chance.choice((0, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        elif kind == 1:
            del body[at : at + size]
        elif kind == 2:
            body[at:at] = body[at : at + size]
        elif kind == 3:
            body[at : at + size] = chance.randbytes(size)
        else:
            del body[at:]
    return bytes(body)


def read(path) -> None:
    """Read a file to its end, as an import does."""
    if path.suffix == ".jpg":
        read_photo(str(path))
        return
    source = CityFiles().open_source(str(path))
    try:
        for _ in source.chunks():
            pass
    finally:
        source.close()


def fuzz(seeds, folder, seconds: float, seed: int, most: int = 10**9) -> int:
    """Feed the readers for so long, or so many files; returns how many they were given."""
    chance, count = random.Random(seed), 0
    parts = {path.name: path.read_bytes() for path in sorted(seeds.iterdir())}
    heads = [name for name in parts if name.endswith((".csv", ".xlsx", ".gpkg", ".shp", ".jpg"))]
    end = time.monotonic() + seconds
    while time.monotonic() < end and count < most:
        head = chance.choice(heads)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        family = [name for name in parts if name == head or (head == "a.shp" and name[-4:] in (".shx", ".dbf", ".prj"))]
        spoilt = chance.choice(family)
        for name in family:
            (folder / name).write_bytes(mutate(parts[name], chance) if name == spoilt else parts[name])
        try:
            read(folder / head)
        except CityError:
            pass
        except Exception as error:
            kept = folder.with_name(f"kept-{head}")
            shutil.copytree(folder, kept, dirs_exist_ok=True)
            raise AssertionError(f"seed {seed}, file {count}, {kept}: {error!r}") from error
        count += 1
    return count


def test_spoilt_files_are_read_or_refused(seeds, tmp_path):
    assert fuzz(seeds, tmp_path / "x", float(os.environ.get("DCM_FUZZ_SECONDS", "60")), 2014, 1_000) > 20


@pytest.mark.soak
def test_spoilt_files_are_read_or_refused_for_an_hour(seeds, tmp_path):
    seconds = float(os.environ.get("DCM_FUZZ_SECONDS", "3600"))
    assert fuzz(seeds, tmp_path / "x", seconds, int(os.environ.get("DCM_FUZZ_SEED", time.time_ns() % 10**9))) > 20
