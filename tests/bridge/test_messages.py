# SPDX-License-Identifier: GPL-2.0-or-later
"""From code and values to one sentence."""

from __future__ import annotations

import string
import time

import pytest

from digital_citymgmt_plugin.bridge.messages import FILE, SENTENCES, fill, read_sentences, sentence, templates
from digital_citymgmt_plugin.core.errors import EngineError, InputRefused

ROWS = read_sentences()


def fields(text):
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def test_a_sentence_names_the_values():
    text = sentence(InputRefused("input.no_file", file="/数据/a.shp"))
    assert "/数据/a.shp" in text and "{" not in text


def test_a_code_without_sentence_gives_a_calm_one_that_names_code_and_values():
    text = sentence("nobody.knows", {"row": 7, "file": "a.csv"})
    assert "nobody.knows" in text and "row = 7" in text and "a.csv" in text


def test_an_exception_of_another_kind_gives_one_line_without_traceback():
    text = sentence(ValueError("first\nsecond"))
    assert "first" in text and "\n" not in text and "Traceback" not in text


def test_a_value_that_is_missing_shows_as_a_question_mark():
    assert "?" in sentence(EngineError("engine.version"))


@pytest.mark.parametrize("value", ["{file}", "{0.__class__}", "%s", "{", "}"])
def test_braces_in_values_are_text(value):
    assert fill("File {file}.", {"file": value}) == f"File {value}."


def test_a_moment_of_the_log_is_told_by_the_clock_of_this_computer(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert fill("{at}", {"at": "2026-11-30T18:35:40.339Z"}) == "2026-12-01 02:35:40"
        assert fill("{at}", {"at": "2026-11-30"}) == "2026-11-30"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_templates_reach_no_attributes_of_values():
    assert fill("{file.__class__}{file[0]}", {"file": "x"}) == "??"


def test_values_that_are_none_lists_and_numbers_read_well():
    assert fill("{a} {b} {c}", {"a": None, "b": ["x", 1], "c": 0.1 + 0.2}) == "– x, 1 0.3"


@pytest.mark.parametrize("code", sorted(ROWS))
def test_english_and_chinese_name_the_same_values(code):
    english, chinese = ROWS[code]
    assert english and chinese
    assert fields(english) == fields(chinese)
    assert all(field.isidentifier() for field in fields(english))


def test_no_code_stands_twice():
    codes = [line.split("\t")[0] for line in FILE.read_text(encoding="utf-8").splitlines() if line[:1] not in ("#", "")]
    assert len(codes) == len(set(codes)) == len(SENTENCES)


def test_reject_reasons_travel_by_family():
    assert set(templates("engine.")) == {code for code in SENTENCES if code.startswith("engine.")}
