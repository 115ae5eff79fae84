# SPDX-License-Identifier: GPL-2.0-or-later
"""A city's Word template filled: what it may do, and what is refused of hostile ones; values stay text."""

from __future__ import annotations

import io
import shutil
import time
import zipfile

import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.pictures import Picture
from digital_citymgmt_plugin.storage.word_template import render_docx, template_names

docx = pytest.importorskip("docx")
pytest.importorskip("docxtpl")

HOSTILE = "{{ 7*7 }} {% include 'x' %} <w:p/> ]]> &amp; {_{ x }_} \x00\x07\x0c\u202e =cmd|'/c calc'!A1 \ud800"
ROWS = [{"name": "甲街道", "count": 3}, {"name": "乙<街道>&", "count": 12}]


def png(side=8):
    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", (side, side), "#c00").save(made, "PNG")
    return made.getvalue()


def template(path, *paragraphs, table=(), header=""):
    document = docx.Document()
    for words in paragraphs:
        document.add_paragraph(words)
    if table:
        made = document.add_table(rows=0, cols=len(table[0]))
        for row in table:
            for cell, words in zip(made.add_row().cells, row):
                cell.text = words
    if header:
        document.sections[0].header.paragraphs[0].text = header
    document.save(str(path))
    return str(path)


def texts(path):
    document = docx.Document(str(path))
    found = [paragraph.text for paragraph in document.paragraphs]
    for table in document.tables:
        found += [cell.text for row in table.rows for cell in row.cells]
    return found + [paragraph.text for paragraph in document.sections[0].header.paragraphs]


def changed(path, name, change):
    """Write a member of a Word file anew; ``change`` gets and returns bytes."""
    other = str(path) + ".new"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as sink:
        names = source.namelist()
        for one in names:
            sink.writestr(one, change(source.read(one)) if one == name else source.read(one))
        if name not in names:
            sink.writestr(name, change(b""))
    shutil.move(other, path)
    return str(path)


def refused(path, out, **values):
    with pytest.raises(InputRefused) as error:
        render_docx(path, values, {}, str(out))
    assert not out.exists() and not list(out.parent.glob(".dcm_*"))
    return error.value.code


def test_names_rows_conditions_and_pictures_are_filled(tmp_path):
    made = template(
        tmp_path / "模板.docx", "{{ title }}", "{% if late %}超时{% else %}按时{% endif %}", "{{ map }}",
        "{%p for photo in photos %}", "{{ photo }}", "{%p endfor %}", "{{ missing | default('–') }}{{ note }}",
        table=[["{%tr for row in rows %}", ""], ["{{ loop.index }} {{ row.name }}", "{{ row.count }}"],
               ["{%tr endfor %}", ""]],
        header="{{ title }}",
    )  # fmt: skip
    out = tmp_path / "周报.docx"
    values = {"title": "第一周 <简报>", "late": True, "rows": ROWS, "missing": None, "note": "一\n二"}
    render_docx(made, values, {"map": Picture(png(), 120), "photos": [Picture(png(9)), Picture(png(10))]}, str(out))
    found = texts(out)
    assert found[0] == "第一周 <简报>" and "超时" in found and found[-1] == "第一周 <简报>"
    assert "一\n二" in found[-6:] + found
    assert {"1 甲街道", "2 乙<街道>&", "3", "12"} <= set(found)
    with zipfile.ZipFile(out) as archive:
        assert len([name for name in archive.namelist() if name.startswith("word/media/")]) == 3
    assert template_names(made) == {"title", "late", "rows", "map", "photos", "missing", "note"}


def test_hostile_values_stay_text_everywhere(tmp_path):
    made = template(tmp_path / "t.docx", "{{ a }}", table=[["{{ rows.0.0 }}"]], header="{{ a }}")
    out = tmp_path / "o.docx"
    render_docx(made, {"a": HOSTILE, "rows": [[HOSTILE]]}, {}, str(out))
    found = [words for words in texts(out) if words]
    assert len(found) == 3
    for words in found:
        assert words.startswith("{{ 7*7 }} {% include 'x' %} <w:p/> ]]> &amp; { _{ x }") and "49" not in words
        assert "=cmd|'/c calc'!A1" in words
    with zipfile.ZipFile(out) as archive:
        assert b"instrText" not in archive.read("word/document.xml")


@pytest.mark.parametrize(
    "words",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ a.__class__ }}", "{{ a['__class__'] }}",
        "{{ a() }}",
        "{{ 9**999999 }}", "{{ 'x' * 99999999 }}", "{{ a ~ a }}", "{% set b = a %}{{ b }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as o %}", "{% macro m() %}{% endmacro %}", "{{ range(9) }}", "{{ a | attr('x') }}",
        "{{ a | map('upper') }}", "{{ _x }}", "{{ a[0:1] }}", "{{ lipsum }}", "{{ self }}",
        "{% for a in rows %}{% for b in rows %}{% for c in rows %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in rows recursive %}x{% endfor %}", "{% if a is callable %}x{% endif %}", "{{r a }}", "{%tc vm %}",
        "{% vm %}", "{% hm %}", "{% colspan a %}", "{% cellbg a %}",
    ],
)  # fmt: skip
def test_whatever_else_jinja_can_do_is_refused(words, tmp_path):
    code = refused(template(tmp_path / "t.docx", words), tmp_path / "o.docx", a="x", rows=[1])
    allowed = {"not_allowed", "unknown", "hostile", "syntax"}
    assert code.startswith("template.") and code.rpartition(".")[2] in allowed


def test_what_is_no_attribute_of_a_value_is_nothing(tmp_path):
    made = template(tmp_path / "t.docx", "[{{ a.upper }}{{ a.0 }}{{ row.items }}{{ row.x.y.z }}{{ rows.5 }}]")
    render_docx(made, {"a": "text", "row": {"name": 1}, "rows": []}, {}, str(tmp_path / "o.docx"))
    assert texts(tmp_path / "o.docx")[0] == "[]"


@pytest.mark.parametrize(
    ("words", "code"),
    [("{{ a", "syntax"), ("{% if a %}", "syntax"), ("{{ other }} {{ a }}", "unknown"), ("{% endfor %}", "syntax")],
)
def test_faults_are_told(words, code, tmp_path):
    if words == "{{ a":
        words += " b }}"
    assert refused(template(tmp_path / "t.docx", words), tmp_path / "o.docx", a="x") == f"template.{code}"


def _rel(kind, target="http://x.test/a", mode="External"):
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    entry = f'<Relationship Id="rIdX" Type="{kinds}{kind}" Target="{target}" TargetMode="{mode}"/></Relationships>'
    return lambda data: data.replace(b"</Relationships>", entry.encode())


def _body(xml):
    return lambda data: data.replace(b"<w:body>", b"<w:body>" + xml.encode())


_DOCUMENT, _RELS = "word/document.xml", "word/_rels/document.xml.rels"
_ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
_FIELD = (
    '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>{}</w:instrText></w:r><w:r><w:instrText>{}'
    '</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (_RELS, _rel("image")), (_RELS, _rel("attachedTemplate", "file:///x.dotm")),
        (_RELS, _rel("image", mode="E&#120;ternal")),
        ("word/vbaProject.bin", lambda data: b"x"), ("word/embeddings/oleObject1.bin", lambda data: b"x"),
        (_DOCUMENT, _body(_FIELD.format("DDEA", "UTO c:\\\\x"))),
        (_DOCUMENT, _body(_FIELD.format("INCLUDETEXT ", "/etc"))),
        (_DOCUMENT, _body(_FIELD.format("&#68;DE", " x"))),
        (_DOCUMENT, _body('<w:p><w:fldSimple w:instr=" INCLUDEPICTURE x"/></w:p>')),
        (_DOCUMENT, _body('<w:altChunk/>')), (_DOCUMENT, _body('<w:p w:x="{{ a }}"/>')),
        (_DOCUMENT, _body('<w:p w:x="&#123;{ a }}"/>')), (_DOCUMENT, _body("<!-- {{ a }} -->")),
        (_DOCUMENT, lambda data: _ENTITY + data[55:]),
        (_DOCUMENT, lambda data: data.decode().replace("UTF-8", "UTF-16").encode("utf-16")),
    ],
)  # fmt: skip
def test_a_file_that_would_run_load_or_follow_something_is_refused(name, change, tmp_path):
    made = changed(template(tmp_path / "t.docx", "{{ a }}"), name, change)
    assert refused(made, tmp_path / "o.docx", a="x") == "template.hostile"


def test_page_numbers_and_links_to_click_on_are_fine(tmp_path):
    made = changed(template(tmp_path / "t.docx", "{{ a }}"), _DOCUMENT, _body(_FIELD.format("PA", "GE")))
    made = changed(made, _RELS, _rel("hyperlink"))
    render_docx(made, {"a": "x"}, {}, str(tmp_path / "o.docx"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04junk", b"%PDF-1.4"])
def test_no_word_file(content, tmp_path):
    path = tmp_path / "t.docx"
    path.write_bytes(content)
    assert refused(str(path), tmp_path / "o.docx") == "template.unreadable"
    assert refused(str(tmp_path / "t.dotm"), tmp_path / "o.docx") == "template.unreadable"
    assert refused(str(tmp_path / "none.docx"), tmp_path / "o.docx") == "template.unreadable"


def test_a_bomb_is_neither_unpacked_nor_filled(tmp_path):
    made = changed(
        template(tmp_path / "t.docx", "x"), "word/big.xml", lambda data: b"<x>" + b" " * (30 << 20) + b"</x>"
    )
    began = time.process_time()
    assert refused(made, tmp_path / "o.docx") == "template.large"
    twice = template(tmp_path / "u.docx", "{% for a in rows %}{% for b in rows %}{{ a }}{% endfor %}{% endfor %}")
    assert refused(twice, tmp_path / "o.docx", rows=["x" * 1_000] * 4_000) == "template.large"
    assert time.process_time() - began < 20


def test_an_older_file_stays_when_filling_fails(tmp_path):
    out = tmp_path / "o.docx"
    out.write_bytes(b"old")
    with pytest.raises(InputRefused):
        render_docx(template(tmp_path / "t.docx", "{{ b }}"), {"a": 1}, {}, str(out))
    assert out.read_bytes() == b"old"
