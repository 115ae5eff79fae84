# SPDX-License-Identifier: GPL-2.0-or-later
"""Photos: matched, copied whole or not at all, both kinds of orphans; files that are none, too large, or lie."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from PIL import Image

from digital_citymgmt_plugin.core.census import photo_match as match
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.requests import ImportPhotos, UndoOperation
from digital_citymgmt_plugin.core.requests_duplicates import MergeDuplicates
from digital_citymgmt_plugin.services.merging import merge_duplicates
from digital_citymgmt_plugin.services.photos import import_photos
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.photos import PhotoFolder, read_photo
from tests.services.cities import LID, X0, Y0, squares
from tests.support import Watcher


def picture(path, seed=0, *, size=(64, 48), gps=None, taken=None, **options):
    """Write a photo of its own look; ``gps``: (lon, lat) in degrees, or what an EXIF may lie."""
    noise = np.random.default_rng(seed).integers(0, 255, (size[1] // 8, size[0] // 8), dtype=np.uint8)
    image = Image.fromarray(noise).resize(size)
    exif = Image.Exif()
    if taken:
        exif[0x0132] = taken
    if gps:
        lon, lat = gps
        exif[0x8825] = {1: "N", 2: (lat, 0.0, 0.0), 3: "E", 4: (lon, 0.0, 0.0)}
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=exif, **options)
    return path


@pytest.fixture
def surveyed(town):
    """Four lids 100 m apart: two with codes, one listing a photo, one that counts photos and has none."""
    rows = [
        {"id": "A1", "class": LID, "x": X0 + 100, "y": Y0 + 100, "照片": "", "photo_count": ""},
        {"id": "A2", "class": LID, "x": X0 + 200, "y": Y0 + 100, "照片": "IMG_7.JPG；IMG_8.jpg", "photo_count": 2},
        {"id": "A3", "class": LID, "x": X0 + 300, "y": Y0 + 100, "照片": "", "photo_count": 1},
        {"id": "A4", "class": LID, "x": X0 + 400, "y": Y0 + 100, "照片": "", "photo_count": ""},
    ]
    mapping = {
        "fields": {"class_code": "class", "source_id": "id", "photo_count": "photo_count"}, "x": "x", "y": "y",
        "crs": "EPSG:4550",
    }  # fmt: skip
    town.census(town.table("census.csv", rows), json.dumps(mapping))
    town.adopt(squares(2, 1, 1000))
    town.code()
    return town


def codes(city):
    rows = city.store.read("component_point", ["code", "photo_count"], order=["fid"])
    return rows["code"].tolist(), rows["photo_count"].tolist()


def take(city, folder, **options):
    return import_photos(city.context, ImportPhotos(str(folder), **options))


def place_of(city, row):
    import shapely

    points = np.array([shapely.Point(X0 + 100 * (row + 1) + 3, Y0 + 100)], dtype=object)
    moved = city.context.projections.transform(points, "EPSG:4550", "EPSG:4326")[0]
    return moved.x, moved.y


def test_photos_are_matched_copied_by_code_and_both_kinds_of_orphans_listed(surveyed, tmp_path):
    names, _ = codes(surveyed)
    folder = tmp_path / "照片"
    picture(folder / f"{names[0]}_1.jpg", 1)
    picture(folder / "天" / "img_7.jpg", 2, taken="2024:05:06 07:08:09")
    picture(folder / "A1 (2).png", 3)
    picture(folder / "DSC001.jpg", 4, gps=place_of(surveyed, 3))
    picture(folder / "DSC002.jpg", 5, gps=(0.0, 0.0))
    picture(folder / "copy.jpg", 4, gps=place_of(surveyed, 3))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    (folder / "nothing.png").write_bytes(b"")
    (folder / "readme.txt").write_text("no photo")
    report = tmp_path / "孤儿.xlsx"
    done = take(surveyed, folder, output=str(report))
    counts = done["counts"]
    assert counts == {
        "photos": 8, "by_name": 1, "by_code": 1, "by_source": 1, "by_place": 1, "photo_unchanged": 0, "photo_twice": 1,
        "photo_orphans": 1, "photo_unreadable": 2, "component_orphans": 2, "photos_listed_missing": 1,
    }  # fmt: skip
    kept = {path.name: path for path in Path(surveyed.store.path).with_name("city_photos").iterdir()}
    assert set(kept) == {f"{names[0]}_1.jpg", f"{names[0]}_2.png", f"{names[1]}_1.jpg", f"{names[3]}_1.jpg"}
    rows = surveyed.store.read("photo", ["path", "sha256", "taken_at", "lon", "look", "matched_by", "bytes"])
    for name, digest, size in zip(rows["path"], rows["sha256"], rows["bytes"]):
        assert hashlib.sha256(kept[name].read_bytes()).hexdigest() == digest and kept[name].stat().st_size == size
    assert "2024-05-05T23:08:09.000Z" in rows["taken_at"].tolist()  # 07:08 in Shanghai
    assert codes(surveyed)[1] == [2, 2, 1, 1]
    reasons = {row[1]: row[5] for row in done["component_orphans"]}
    assert reasons == {names[1]: "photos.listed_missing", names[2]: "photos.counted_none"}
    book = openpyxl.load_workbook(report)
    assert [len(list(sheet.values)) for sheet in book] == [5, 3]
    again = take(surveyed, folder)
    assert again["operation"] is None and again["counts"]["photo_unchanged"] == 5  # the second of two alike, too
    undo_operation(surveyed.context, UndoOperation("last"))
    assert surveyed.store.count("photo") == 0 and codes(surveyed)[1] == [None, 2, 1, None]
    assert take(surveyed, folder)["counts"]["by_code"] == 1
    assert set(kept) == {path.name for path in kept[f"{names[0]}_1.jpg"].parent.iterdir()}  # used again


def test_a_stop_leaves_neither_rows_nor_files(surveyed, tmp_path):
    names, _ = codes(surveyed)
    for number in range(6):
        picture(tmp_path / "in" / f"{names[0]}_{number}.jpg", number)
    home = Path(surveyed.store.path).with_name("city_photos")
    stops = 0
    for at in range(1, 60):
        surveyed.watcher = Watcher(cancel_at=at)
        try:
            take(surveyed, tmp_path / "in")
            break
        except Cancelled:
            stops += 1
            assert surveyed.store.count("photo") == 0
            assert not home.exists() or not list(home.iterdir())
    assert stops > 10 and surveyed.store.count("photo") == 6


def test_what_a_killed_import_left_is_taken_away(surveyed, tmp_path):
    names, _ = codes(surveyed)
    home = Path(surveyed.store.path).with_name("city_photos")
    (home / ".dcm_photos_old").mkdir(parents=True)
    (home / ".dcm_photos_old" / "x.jpg").write_bytes(b"x")
    (home / f"{names[0]}_1.jpg").write_bytes(b"somebody's own")
    picture(tmp_path / "in" / f"{names[0]}.jpg")
    take(surveyed, tmp_path / "in")
    coming = ["half_1.jpg", f"{names[0]}_2.jpg", "../out.jpg", 7, "none.txt"]  # the second was committed
    (home / ".dcm_photos_old" / "coming.json").write_text(json.dumps(coming), encoding="utf-8")
    (home / ".dcm_photos_b").mkdir()
    (home / ".dcm_photos_b" / "coming.json").write_text("[", encoding="utf-8")
    for path in (home / "half_1.jpg", tmp_path / "out.jpg", home.parent / "out.jpg", home / "none.txt"):
        path.write_bytes(b"x")
    keeper = PhotoFolder(surveyed.store.path)
    keeper.tidy(lambda: set(surveyed.store.read("photo", ["path"])["path"].tolist()))
    assert (home.parent / "out.jpg").exists() and (home / "none.txt").exists()
    (home / "none.txt").unlink()
    assert {path.name for path in home.iterdir()} == {f"{names[0]}_1.jpg", f"{names[0]}_2.jpg"}
    assert (home / f"{names[0]}_1.jpg").read_bytes() == b"somebody's own"


@pytest.mark.parametrize("code", ["../../etc/x", "..\\..\\x", "/etc/passwd", "a/b", "", None, "\0", "..."])
def test_no_name_leads_out_of_the_city_s_folder(tmp_path, code):
    name = match.folder_name(code, "b1c2")
    assert name and "/" not in name and "\\" not in name and "." not in name
    keeper = PhotoFolder(str(tmp_path / "city.gpkg"))
    source = picture(tmp_path / "a.jpg")
    for bad in ("../x.jpg", "a/b.jpg", ".hidden"):
        with pytest.raises(InputRefused):
            keeper.take(str(source), bad, "0")
    keeper.close(good=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg"]


def png_of(width, height):
    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(b"\0" * 1000)) + part(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "photos.empty"), (b"GIF89a" + b"\0" * 99, "photos.unreadable"),
        (b"<?xml version='1.0'?>", "photos.unreadable"),
        (png_of(60_000, 60_000), "photos.too_large"), (png_of(40, 40)[:60], "photos.unreadable"),
    ],
)  # fmt: skip
def test_what_is_no_photo_is_refused_with_its_reason(tmp_path, content, reason):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(InputRefused) as caught:
        read_photo(str(path))
    assert caught.value.code == reason


def test_a_file_of_5_gb_is_refused_without_being_read(tmp_path):
    path = tmp_path / "x.jpg"
    with path.open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(InputRefused):
        read_photo(str(path))


@pytest.mark.parametrize("gps", [(181.0, 10.0), (10.0, 95.0), (0.0, 0.0)])
def test_a_place_that_cannot_be_is_left_out(tmp_path, gps):
    facts = read_photo(str(picture(tmp_path / "x.jpg", gps=gps, taken="9999:99:99 99:99:99")))
    assert (facts.lon, facts.lat, facts.taken) == (None, None, None)


def test_damaged_photos_never_end_in_anything_but_a_refusal(tmp_path):
    good = picture(tmp_path / "x.jpg", 1, gps=(121.5, 31.5), taken="2024:05:06 07:08:09").read_bytes()
    random = np.random.default_rng(7)
    path = tmp_path / "y.jpg"
    for _ in range(300):
        bad = bytearray(good[: int(random.integers(1, len(good)))] if random.random() < 0.3 else good)
        for at in random.integers(0, min(len(bad), 400), int(random.integers(1, 8))):
            bad[at] = int(random.integers(0, 256))
        path.write_bytes(bytes(bad))
        try:
            read_photo(str(path))
        except InputRefused as error:
            assert error.code.startswith("photos.")


def test_the_look_stays_when_a_photo_is_made_smaller_and_differs_between_photos(tmp_path):
    one = picture(tmp_path / "a.jpg", 1, size=(640, 480))
    with Image.open(one) as image:
        image.resize((320, 240)).save(tmp_path / "b.jpg", quality=60)
    looks = [read_photo(str(path)).look for path in (one, tmp_path / "b.jpg", picture(tmp_path / "c.jpg", 2))]
    assert match.distance_of_looks(looks[0], looks[1]) <= 6 < match.distance_of_looks(looks[0], looks[2])


def test_a_place_between_two_components_tells_neither():
    there = np.array([[0.0, 0.0], [10.0, 0.0], [500.0, 0.0], [np.nan, 0.0]])
    asked = np.array([[5.0, 0.0], [1.0, 0.0], [505.0, 0.0], [900.0, 0.0], [np.nan, 0.0]])
    assert match.nearest(asked, there, 15.0) == [-2, 0, 2, -1, -1]
    assert match.nearest(asked, there[:0], 15.0) == [-1] * 5
    assert match.nearest(asked[:1], there[:1], 15.0) == [0]


def test_a_number_of_several_tells_nothing_until_the_doubles_are_merged(surveyed, tmp_path):
    rows = [{"id": "A1", "class": LID, "x": X0 + 100.3, "y": Y0 + 100}]
    mapping = {"fields": {"class_code": "class", "source_id": "id"}, "x": "x", "y": "y", "crs": "EPSG:4550"}
    surveyed.census(surveyed.table("second.csv", rows), json.dumps(mapping))
    surveyed.code()
    folder = tmp_path / "photos"
    picture(folder / "A1.jpg", 1)
    picture(folder / "DSC1.jpg", 2, gps=place_of(surveyed, 0))
    done = take(surveyed, folder)
    assert {Path(name).name: reason for name, reason in done["photo_orphans"]} == {
        "A1.jpg": "photos.several", "DSC1.jpg": "photos.two_near",
    }  # fmt: skip
    table = surveyed.store.read("component_point", ["uuid", "code"], order=["fid"])
    kept, gone = table["uuid"].tolist()[0], table["uuid"].tolist()[-1]
    merge_duplicates(surveyed.context, MergeDuplicates([f"{kept}>{gone}"]))
    picture(folder / f"{table['code'].tolist()[-1]}.jpg", 3)  # crews still write the code that was retired
    counts = take(surveyed, folder)["counts"]
    assert (counts["by_source"], counts["by_code"], counts["by_place"]) == (1, 1, 1)
    assert set(surveyed.store.read("photo", ["object_uuid"])["object_uuid"].tolist()) == {kept}
