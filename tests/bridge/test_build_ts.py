# SPDX-License-Identifier: GPL-2.0-or-later
"""The translation is whole, compiles and is found for every way to spell a Chinese locale."""

from __future__ import annotations

import importlib.util
import string
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build_ts", ROOT / "scripts" / "build_ts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fields(text):
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def test_every_text_shown_has_its_chinese(build, tmp_path):
    _, lacking, _ = build.write_ts(tmp_path)
    assert lacking == []


def test_no_translation_is_left_over(build, tmp_path):
    _, _, unused = build.write_ts(tmp_path)
    assert unused == []


def test_translations_fill_in_the_same_values_and_keep_a_mnemonic(build):
    texts = build.collect()
    known, _ = build.chinese(texts)
    for (_, english), chinese in known.items():
        assert fields(english) == fields(chinese), english
        assert ("&" in english) == ("&" in chinese), english


def test_texts_are_found_in_calls_and_in_tables(build, tmp_path):
    module = tmp_path / "x.py"
    module.write_text(
        "def tr(text):\n    return translate('Here', text)\n"
        "NAMES = {'key': 'Shown', 'k': ('no', 'Second')}\n"
        "tr('Called')\nself.tr('Method')\ntranslate('There', 'Direct')\nItem('key', 'Made')\n",
        encoding="utf-8",
    )
    assert set(build.texts_of(module)) == {("Here", "Called"), ("Here", "Method"), ("There", "Direct")}
    assert list(build.texts_of_table(module, ("Item:1",))) == [("Here", "Made")]
    assert list(build.texts_of_table(module, ("NAMES[1]",))) == [("Here", "Shown"), ("Here", "Second")]
