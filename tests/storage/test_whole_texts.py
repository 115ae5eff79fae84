# SPDX-License-Identifier: GPL-2.0-or-later
"""Half characters (lone surrogates) of files: replaced and said, and never a Python error."""

from __future__ import annotations

import json

import pytest

from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.whole_texts import whole


@pytest.fixture(params=["xlsx", "geojson"])
def cut(request, tmp_path):
    """A file in which a program cut texts in the middle of a character."""
    names = ["井盖", "井\ud83d", "路灯"]
    path = tmp_path / f"cut.{request.param}"
    if request.param == "geojson":
        features = [
            {"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Point", "coordinates": [121, 31]}}
            for name in names
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="ascii")
    else:
        openpyxl = pytest.importorskip("openpyxl")
        book = openpyxl.Workbook()
        book.active.append(["name"])
        for name in names:
            book.active.append([name.replace("\ud83d", "_xD83D_")])
        book.save(path)
    return str(path)


def test_texts_of_a_file_that_was_cut_can_all_be_written(cut):
    source = CityFiles().open_source(cut)
    names = [name for chunk in source.chunks() for name in chunk["name"].tolist()]
    source.close()
    assert [names[0], names[2]] == ["井盖", "路灯"]
    "".join(names).encode()
    told = dict(source.notes).get("input.half_characters")
    assert told is None or (told["count"], told["file"]) == (1, cut)


class Cut:
    """A source as it might come from any library."""

    def __init__(self, chunks):
        self._chunks, self.info, self.notes = chunks, None, [("table.nul_removed", {})]

    def chunks(self, size=20_000):
        yield from self._chunks

    def close(self):
        pass


def test_rows_are_counted_and_the_first_is_named():
    import numpy as np

    from digital_citymgmt_plugin.services.intake import objects
    from digital_citymgmt_plugin.storage.whole_texts import WholeTexts

    parts = [
        {"__row__": np.array([2, 3]), "a": objects(["x", "y"]), "b": np.array([1.0, 2.0])},
        {"__row__": np.array([4, 5]), "a": objects(["\udc00", None]), "b": objects(["\ud83d\ude00", "z\ud800"])},
    ]
    source = WholeTexts(Cut(parts), "f.csv")
    assert [[*chunk["a"].tolist(), *chunk["b"].tolist()] for chunk in source.chunks()] == [
        ["x", "y", 1.0, 2.0], ["\N{REPLACEMENT CHARACTER}", None, "\N{GRINNING FACE}", "z\N{REPLACEMENT CHARACTER}"]
    ]  # fmt: skip
    said = ("input.half_characters", {"file": "f.csv", "count": 2, "row": 4})
    assert source.notes == [("table.nul_removed", {}), said]


def test_two_halves_that_belong_together_become_their_character():
    assert whole("a\ud83d\ude00b") == "a\N{GRINNING FACE}b"
    assert whole("a\ud83d") == "a\N{REPLACEMENT CHARACTER}"
    assert whole("井盖") == "井盖"


def test_sound_texts_are_left_alone_and_nothing_is_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,x\n😀井盖,1\n", encoding="utf-8")
    source = CityFiles().open_source(str(path))
    assert [chunk["name"].tolist() for chunk in source.chunks()] == [["😀井盖"]]
    assert source.notes == []
