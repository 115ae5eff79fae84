# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of files and texts of slips: whatever comes from outside, they are harmless."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.cases import slips
from digital_citymgmt_plugin.core.same_file import kept_inside

HOSTILE = ["../../etc/passwd", "CON", "nul.pdf", "a/b\\c:d*e?", "..", "", "   ", "\u202egpj.exe", "a\0b", "=1+1",
           "Ａ" * 500, "com1", "-rf", "[% 1 %]", "%PATH%", "a\nb", "LPT¹", "~$x", ".hidden"]  # fmt: skip


def sound(name):
    assert name and name not in (".", "..")
    assert PurePosixPath(name).name == name and PureWindowsPath(name).name == name
    assert not PureWindowsPath(name).is_reserved() and not name.endswith((".", " "))
    assert len(name.encode()) < 200 and name.isprintable()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_numbers_become_plain_names(text):
    sound(slips.stem_of(text))


@given(st.lists(st.text(max_size=30), max_size=20))
def test_names_of_many_are_sound_and_differ_even_without_case(texts):
    found = slips.stems(enumerate(texts))
    for name in found.values():
        sound(name)
    assert len({name.casefold() for name in found.values()}) == len(texts)


def test_a_plain_number_keeps_its_name():
    assert slips.stems([(1, "QD2026-0001"), (2, "qd2026-0001"), (3, "2026/12")]) == {
        1: "QD2026-0001", 2: "qd2026-0001_2", 3: "2026_12"
    }  # fmt: skip


@given(st.text(max_size=200))
def test_shown_text_has_no_hidden_signs(text):
    told = slips.shown(text, 50)
    assert len(told) <= 50 and all(sign == "\n" or sign not in "\0\u202e\u200b" for sign in told)
    assert slips.shown(told, 50) == told


def test_photos_come_out_of_the_folder_only(tmp_path):
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.jpg").write_bytes(b"x")
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    assert kept_inside(str(folder), "sub/a.jpg") == str((folder / "sub" / "a.jpg").resolve())
    for name in ("../secret.jpg", str(tmp_path / "secret.jpg"), "link.jpg", "sub", "", "a\0", "http://x/a.jpg",
                 "sub/../../secret.jpg", "C:\\secret.jpg", "nothing.jpg", "file:a.jpg", "base64:AAAA"):  # fmt: skip
        assert kept_inside(str(folder), name) is None
