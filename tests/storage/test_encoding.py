# SPDX-License-Identifier: GPL-2.0-or-later
"""The code page is found by evidence and never by replacing characters."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.storage import encoding

STREETS = "汇龙镇\n北新镇\n人民中路井盖\n路灯\n行道树\n供电公司"
TAINAN = "管理單位\n污水下水道\n臺南市永康區\n路燈故障\n道路坑洞"
WINDSOR = "Montréal Street\nQuébec\nÉcole Saint-Edmond\nnaïve"


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        (STREETS, "utf-8", "UTF-8"),
        (STREETS, "gbk", "GBK"),
        (TAINAN, "utf-8", "UTF-8"),
        (TAINAN, "big5", "Big5"),
        (TAINAN, "gbk", "GBK"),
        ("㐀㐁㐂 汇龙镇 𠀀 路灯", "gb18030", "GB18030"),
        (WINDSOR, "cp1252", "Windows-1252"),
        (WINDSOR, "utf-8", "UTF-8"),
        ("联通", "gbk", "GBK"),
        ("路", "gbk", "GBK"),
        ("Ул. Ленина, Мира, Гагарина, Победы", "utf-8", "UTF-8"),
    ],
)
def test_text_is_read_in_the_code_page_it_was_written_in(text, codec, name):
    best = encoding.ranked(text.encode(codec))[0]
    assert (best.name, best.evidence) == (name, encoding.CONTENT)
    assert text.encode(codec).decode(best.codec) == text


@pytest.mark.parametrize("stated", ["UTF-8", "Big5", "ISO-8859-1"])
def test_a_stated_code_page_that_does_not_fit_is_found_wrong(stated):
    best = encoding.ranked(STREETS.encode("gbk"), encoding.canonical(stated))[0]
    assert (best.name, best.evidence) == ("GBK", encoding.WRONG)


def test_utf8_text_behind_a_gbk_statement_is_found():
    best = encoding.ranked(STREETS.encode(), "GBK")[0]
    assert (best.name, best.evidence) == ("UTF-8", encoding.WRONG)


def test_a_stated_code_page_that_fits_is_honoured():
    assert encoding.ranked(STREETS.encode("gbk"), "GBK")[0].evidence == encoding.STATED


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("GB2312", "GBK"),
        ("936", "GBK"),
        ("ANSI 936", "GBK"),
        ("cp936", "GBK"),
        ("65001", "UTF-8"),
        ("utf8", "UTF-8"),
        (" UTF-8\n", "UTF-8"),
        ("gb18030", "GB18030"),
        ("BIG5", "Big5"),
        ("windows-1252", "Windows-1252"),
        ("System", None),
        ("", None),
        (None, None),
    ],
)
def test_names_of_code_pages_are_understood_as_people_write_them(written, name):
    assert encoding.canonical(written) == name


@pytest.mark.parametrize("written", ["88591", "ISO-8859-1", "latin1"])
def test_latin_1_has_many_names(written):
    assert b"\xe9".decode(encoding.codec_of(encoding.canonical(written))) == "é"


def test_a_name_nobody_knows_is_refused():
    with pytest.raises(InputRefused) as refused:
        encoding.canonical("klingon-7")
    assert refused.value.code == "input.encoding_name"


@pytest.mark.parametrize(
    ("codec", "name"),
    [("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16-LE"), ("utf-16-be", "UTF-16-BE")],
)
def test_marks_and_zero_bytes_tell_unicode(codec, name):
    assert encoding.by_mark("name,code\n井盖,0101\nlamp,0102\n".encode(codec)) == name


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.text(st.sampled_from("启东市人民中路汇龙镇井盖路灯供电公司自来水有限责任"), min_size=6, max_size=60))
def test_common_characters_are_told_apart_whatever_they_say(text):
    for codec, name in (("gbk", "GBK"), ("utf-8", "UTF-8")):
        assert encoding.ranked(text.encode(codec))[0].name == name
