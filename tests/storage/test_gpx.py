# SPDX-License-Identifier: GPL-2.0-or-later
"""GPX from strangers: no document type, no entities, bounded memory; GDAL's reader as the oracle for good files."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.errors import CityError, InputRefused
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.gpx import GpxSource

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
OPEN = '<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'


def write(path, text, encoding="utf-8"):
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return str(path)


def read(path, layer=None):
    chunks = list(GpxSource(path, layer).chunks(7))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def track(count, start=0):
    return "".join(
        f'<trkpt lat="{30 + number / 1e4}" lon="121.5"><time>2026-01-05T00:00:{number % 60:02d}Z</time></trkpt>'
        for number in range(start, start + count)
    )


def test_points_are_those_that_gdal_reads(tmp_path):
    import pyogrio

    text = (
        f"{HEAD}{OPEN}<wpt lat='1' lon='2'><name>W</name></wpt><trk><name>A</name><trkseg>{track(20)}</trkseg><trkseg>"
        f"{track(5, 20)}</trkseg></trk><trk><trkseg>{track(3, 30)}</trkseg></trk></gpx>"
    )
    path = write(tmp_path / "t.gpx", text)
    ours = read(path)
    theirs = pyogrio.read_dataframe(path, layer="track_points")
    assert shapely.equals_exact(ours["geom"], np.array(theirs.geometry), 0).all()
    assert [value[:19] for value in ours["time"]] == theirs["time"].dt.strftime("%Y-%m-%dT%H:%M:%S").tolist()
    assert ours["track"].tolist() == ["A"] * 25 + ["2"] * 3
    assert (np.array(ours["segment"], dtype=int) - 1).tolist() == theirs["track_seg_id"].tolist()
    waypoints = read(path, "waypoints")
    assert waypoints["name"].tolist() == ["W"] and waypoints["geom"][0].equals(shapely.Point(2, 1))


def test_a_file_of_waypoints_gives_these(tmp_path):
    path = write(tmp_path / "w.gpx", f"{HEAD}{OPEN}<wpt lat='31' lon='121'><name>井 盖</name></wpt></gpx>")
    assert read(path)["name"].tolist() == ["井 盖"]


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-16", "utf-8-sig"])
def test_the_declared_code_page_is_read(tmp_path, encoding):
    declared = {"utf-8-sig": "UTF-8"}.get(encoding, encoding)
    head = f'<?xml version="1.0" encoding="{declared}"?>'
    path = write(
        tmp_path / "e.gpx", f"{head}{OPEN}<trk><name>采集员</name><trkseg>{track(2)}</trkseg></trk></gpx>", encoding
    )
    assert set(read(path)["track"]) == {"采集员"}


HOSTILE = {
    "laughs": (HEAD + '<!DOCTYPE gpx [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>' + OPEN + "<name>&b;</name></gpx>",
               "input.xml_doctype"),
    "outside": (HEAD + '<!DOCTYPE gpx SYSTEM "file:///etc/passwd">' + OPEN + "</gpx>", "input.xml_doctype"),
    "cut off": (HEAD + OPEN + "<trk><trkseg>" + track(3), "input.unreadable"),
    "crossed": (HEAD + OPEN + "<trk><trkseg></trk></trkseg></gpx>", "input.unreadable"),
    "other": (HEAD + "<kml/>", "input.unknown_format"),
    "nothing": (HEAD + OPEN + "</gpx>", "input.empty"),
    "deep": (HEAD + OPEN + "<a>" * 10_000 + "</a>" * 10_000 + "</gpx>", "input.xml_too_big"),
    "unknown entity": (HEAD + OPEN + "<trk><name>&x;</name></trk></gpx>", "input.unreadable"),
    "lied": (b'<?xml version="1.0" encoding="gbk"?>' + OPEN.encode() + b"\xff\xff\xff</gpx>",
             "input.unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_one_sentence(tmp_path, name):
    text, code = HOSTILE[name]
    with pytest.raises(InputRefused) as caught:
        read(write(tmp_path / "h.gpx", text), None if code == "input.empty" else "track_points")
    assert caught.value.code == code and caught.value.values["file"].endswith("h.gpx")


@pytest.mark.parametrize("part", ['<trkpt lat="{}', "<!-- {} -->", "<trk><name>{}</name></trk>", "<a{}/>"])
def test_memory_stays_small_whatever_is_long(tmp_path, part):
    path = tmp_path / "long.gpx"
    with path.open("wb") as file:
        before, after = part.split("{}")
        file.write((HEAD + OPEN + before).encode())
        for _ in range(60):
            file.write(b"9" * (1 << 20))
        file.write((after + "</gpx>").encode())
    tracemalloc.start()
    try:
        with pytest.raises(InputRefused):
            read(str(path), "track_points")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_bad_coordinate_is_a_row_without_a_place(tmp_path):
    points = '<trkpt lat="x" lon="1"/><trkpt lon="1"/><trkpt lat="nan" lon="1"/><trkpt lat="2" lon="1"/>'
    path = write(tmp_path / "b.gpx", f"{HEAD}{OPEN}<trk><trkseg>{points}</trkseg></trk></gpx>")
    assert [geom is None for geom in read(path)["geom"]] == [True, True, True, False]


@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 60))
def test_whatever_is_in_the_file_it_is_read_or_refused(tmp_path, noise, at, cut):
    good = f"{HEAD}{OPEN}<trk><trkseg>{track(4)}</trkseg></trk></gpx>".encode()
    path = write(tmp_path / "f.gpx", good[:at] + noise + good[at + cut :])
    try:
        source = CityFiles().open_source(path)
        assert sum(len(chunk["geom"]) for chunk in source.chunks()) <= 400
    except CityError as error:
        assert error.code.startswith("input.")
