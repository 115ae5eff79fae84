# SPDX-License-Identifier: GPL-2.0-or-later
"""Files made to harm, on the way of the census: a sentence, bounded memory, nothing written outside the city's folder.

Each is imported in a process of its own, whose memory is bounded. See also ``tests/storage/test_tables_workbooks.py``.
"""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

from digital_citymgmt_plugin.bridge.messages import SENTENCES
from tests.services.cities import CRS, LID, X0, Y0, City, squares
from tests.support import Watcher, new_store

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded by setrlimit")
VICTIM = Path(__file__).with_name("hostile_victim.py")
FIVE_GB = 5 << 30


@pytest.fixture
def ground(tmp_path):
    """A city, a folder of files from outside, and folders of the process's own, side by side."""
    for name in ("city", "files", "home", "tmp"):
        (tmp_path / name).mkdir()
    city = City(new_store(tmp_path / "city" / "city.gpkg"), tmp_path / "files", Watcher())
    city.communities()
    city.store.close()
    return tmp_path


def seen(ground):
    """All files but the city's, with size and time of change: what an import must leave alone."""
    found = {}
    for path in sorted(ground.rglob("*")):
        if ground / "city" not in (path, *path.parents) and not path.is_dir():
            state = path.lstat()
            found[str(path.relative_to(ground))] = (state.st_size, state.st_mtime_ns)
    return found


def attack(ground, path, kind="census"):
    """Import in a bounded process; returns what it told, after looking at what it left behind."""
    before = seen(ground)
    own = {"HOME": str(ground / "home"), "TMPDIR": str(ground / "tmp"), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(VICTIM), kind, str(path), str(ground / "city")], capture_output=True, text=True,
        timeout=120, check=False, cwd=ground / "home", env={**os.environ, **own},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert seen(ground) == before, "something was written outside the city's folder"
    if "error" in told:
        assert told["error"] in SENTENCES
    assert set(told.get("reasons", {})) <= set(SENTENCES)
    return told


def workbook(ground, *body, header=("name", "note", "x", "y")):
    book = openpyxl.Workbook()
    for line in (header, *body):
        book.active.append(line)
    path = ground / "files" / "book.xlsx"
    book.save(path)
    return path


def rewrite(path, change, **more):
    """Write a workbook anew with some parts changed and others added."""
    with zipfile.ZipFile(path) as package:
        parts = {info.filename: package.read(info) for info in package.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in {**parts, **more}.items():
            package.writestr(name, change(name, data))
    return path


# -- workbooks ---------------------------------------------------------------------------------------------------------


def test_formulas_are_not_evaluated_and_their_rows_rejected(ground):
    body = [
        ("井", "", X0, Y0), ('=HYPERLINK("http://x","a")', "", X0 + 1, Y0), ("b", "=WEBSERVICE(A1)", X0 + 2, Y0),
        ("c", "", "='[1]Sheet1'!$A$1", Y0), ("=cmd|'/c calc'!A1", "", X0 + 3, Y0),
    ]  # fmt: skip
    told = attack(ground, workbook(ground, *body))
    assert (told["inserted"], told["reasons"]) == (1, {"reject.formula": 4})


@pytest.mark.parametrize("target", ["file:///etc/passwd", "http://127.0.0.1:9/book.xlsx", "../../../home/secret.xlsx"])
def test_external_links_are_left_alone(ground, target):
    path = workbook(ground, ("井", "", X0, Y0))
    link = (
        '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><externalBook '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="rId1"/></externalLink>'
    )
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" '
        f'Target="{target}" TargetMode="External"/></Relationships>'
    )
    rewrite(path, lambda name, data: data, **{
        "xl/externalLinks/externalLink1.xml": link.encode(),
        "xl/externalLinks/_rels/externalLink1.xml.rels": relations.encode(),
        "../../../home/evil.xml": b"<a/>",
    })  # fmt: skip
    assert attack(ground, path)["inserted"] == 1


@pytest.mark.parametrize("text", [
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9)) + b"]>",
], ids=["a file", "a billion laughs"])  # fmt: skip
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_entities_are_refused(ground, text, part):
    path = workbook(ground, ("井", "", X0, Y0))

    def change(name, data):
        body = data.split(b"?>", 1)[1] if data.startswith(b"<?xml") else data
        return b'<?xml version="1.0"?>' + text + body if name == part else data

    assert attack(ground, rewrite(path, change)) == {"error": "input.entities"}


def zeros(package, name, megabytes, head=b"", tail=b""):
    with package.open(name, "w", force_zip64=True) as part:
        part.write(head)
        for _ in range(megabytes):
            part.write(b" " * (1 << 20))
        part.write(tail)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/media/image1.png"])
def test_zip_bombs_are_refused(ground, part):
    path = workbook(ground, ("井", "", X0, Y0))
    with zipfile.ZipFile(path) as package:
        parts = {info.filename: package.read(info) for info in package.infolist() if info.filename != part}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name, data in parts.items():
            package.writestr(name, data)
        zeros(package, part, 600, b'<?xml version="1.0"?><a>', b"</a>")
    assert path.stat().st_size < 8 << 20
    assert attack(ground, path) == {"error": "input.bomb"}


def test_a_gzip_bomb_is_refused(ground):
    path = ground / "files" / "rows.csv.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b"name,note,x,y\n")
        for _ in range(600):
            file.write(b"a" * (1 << 20))
    assert attack(ground, path) == {"error": "input.bomb"}


# -- nothing and far too much ------------------------------------------------------------------------------------------

ENDINGS = ("csv", "csv.gz", "xlsx", "gpkg", "shp", "geojson", "dbf")


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_empty_file_is_refused(ground, ending):
    path = ground / "files" / f"empty.{ending}"
    path.touch()
    assert "error" in attack(ground, path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_of_5_gb_of_nothing_is_refused(ground, ending):
    path = ground / "files" / f"large.{ending}"
    with path.open("wb") as file:
        file.truncate(FIVE_GB)  # sparse: takes no room on the disk
    assert "error" in attack(ground, path)


HEADS = {
    "csv": b"name,note,x,y\n", "xlsx": b"PK\x03\x04", "gpkg": b"SQLite format 3\x00\x10\x00\x01\x01\x00\x40\x20\x20",
    "shp": b"\x00\x00\x27\x0a" + bytes(20) + b"\x7f\xff\xff\xff\xe8\x03\x00\x00\x01\x00\x00\x00",
    "geojson": b'{"type":"FeatureCollection","features":[', "csv.gz": b"\x1f\x8b\x08\x00" + bytes(6),
}  # fmt: skip


SLOW = ("csv", "geojson")  # read to the end: left to the soak


@pytest.mark.parametrize("ending", [pytest.param(n, marks=[pytest.mark.soak] * (n in SLOW)) for n in sorted(HEADS)])
def test_a_file_of_5_gb_with_a_good_beginning_is_refused(ground, ending):
    path = ground / "files" / f"large.{ending}"
    with path.open("wb") as file:
        file.write(HEADS[ending])
        file.truncate(FIVE_GB)
    assert "error" in attack(ground, path)


def test_one_endless_line_is_refused(ground):
    path = ground / "files" / "line.csv"
    with path.open("wb") as file:
        file.write(b"name,note,x,y\nwell,")
        for _ in range(1_500):
            file.write(b"a" * (1 << 20))
    assert "error" in attack(ground, path)
    path.unlink()


# -- photos ------------------------------------------------------------------------------------------------------------


def photo(path, **exif):
    """Write a small JPEG whose EXIF says what it is told to."""
    image = Image.new("L", (64, 48), 99)
    block = Image.Exif()
    for tag, value in exif.items():
        block[int(tag[1:])] = value
    image.save(path, "JPEG", exif=block)
    return path


@pytest.fixture
def surveyed(ground):
    """A lid whose list of photos leads out of the folder, and a file that is not to be had at the end of it."""
    (ground / "home" / "secret.jpg").write_bytes(b"\xff\xd8secret")
    rows = [
        {"id": f"../../home/{n}", "x": X0 + n, "y": Y0, "照片": "../../home/secret.jpg;/etc/passwd"} for n in (1, 2)
    ]
    city = City(new_store(ground / "city" / "photos.gpkg"), ground / "files", Watcher())
    city.communities()
    fields = {"class_code": {"const": LID}, "source_id": "id"}
    city.census(city.table("lids.csv", rows), json.dumps({"fields": fields, "x": "x", "y": "y", "crs": CRS}))
    city.adopt(squares(1, 1, 1000))
    city.code()
    city.store.close()
    (ground / "city" / "photos.gpkg").replace(ground / "city" / "city.gpkg")
    (ground / "files" / "photos").mkdir()
    return ground


def test_photos_that_lie_lead_nowhere(surveyed):
    folder = surveyed / "files" / "photos"
    photo(folder / "..%2f..%2fhome%2fx.jpg")
    photo(folder / "..\\..\\home\\y.jpg")
    (folder / "link.jpg").symlink_to("/etc/passwd")
    (folder / "secret.jpg").symlink_to(surveyed / "home" / "secret.jpg")
    (folder / "up").symlink_to(surveyed / "home")
    (folder / "empty.jpg").touch()
    (folder / "entity.jpg").write_bytes(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg>&e;</svg>')
    with (folder / "large.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff\xe1")
        file.truncate(FIVE_GB)
    photo(folder / "time.jpg", t306="0000:00:00 00:00:00")
    photo(folder / "future.jpg", t306="9999:99:99 99:99:99")
    photo(folder / "text.jpg", t306="'; DROP TABLE photo; --")
    photo(folder / "place.jpg", t34853={1: "N", 2: (999.0, 0.0, 0.0), 3: "E", 4: (999.0, 0.0, 0.0)})
    photo(folder / "null.jpg", t34853={1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)})
    photo(folder / "odd.jpg", t34853={1: "?", 2: (91.0, 0.0, 0.0), 3: "E", 4: (200.0, 99.0, 0.0)})
    data = bytearray((folder / "place.jpg").read_bytes())
    start = data.index(b"Exif") + 6
    data[start + 8 : start + 60] = b"\xff" * 52
    (folder / "garbled.jpg").write_bytes(data)
    told = attack(surveyed, folder, "photos")
    assert told["photos"] == sum(1 for path in folder.iterdir() if path.suffix == ".jpg" and not path.is_symlink())
    assert told["photo_unreadable"] == 3
    inside = sorted(path.name for path in (surveyed / "city").rglob("*.jpg"))
    assert all("secret" not in name and ".." not in name for name in inside)


def test_a_picture_of_endless_pixels_is_not_unpacked(surveyed):
    folder = surveyed / "files" / "photos"
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(64 << 20), 9)
    parts = [(b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    assert attack(surveyed, folder, "photos")["photo_unreadable"] == 1
