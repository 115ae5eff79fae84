# SPDX-License-Identifier: GPL-2.0-or-later
"""Briefs: their numbers are the run's, each opens its cases; templates and texts from outside; all or nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.assessment.evaluation import evaluation_from_payload
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests_assessment import BriefPeriod, CasesOfNumber, FreezeRun, OpenRun, WriteBrief
from digital_citymgmt_plugin.services.assessment.brief import brief_period, write_brief
from digital_citymgmt_plugin.services.assessment.panel import cases_of_number
from digital_citymgmt_plugin.services.assessment.runs import freeze_run, open_run
from digital_citymgmt_plugin.services.intake import objects
from tests import office as libreoffice
from tests.services import test_panel
from tests.support import make_context

store = test_panel.store
office = libreoffice.office
ASKED = {"by": "department", "scheme": "s3_department", "from_date": "2020-01-06", "to_date": "2020-01-12"}


def keep(store, **given):
    return freeze_run(make_context(store), FreezeRun(**{**ASKED, "name": "一周", **given}))


def write(store, folder: Path, **given):
    files = {"document": str(folder / "简报.docx"), "workbook": str(folder / "简报.xlsx")}
    return write_brief(make_context(store), WriteBrief(**{**files, **given}))


def words_of(path) -> str:
    from docx import Document
    from docx.oxml.ns import qn

    return "\n".join(
        "".join(text.text or "" for text in paragraph.iter(qn("w:t")))
        for paragraph in Document(str(path)).element.body.iter(qn("w:p"))
    )


def test_a_brief_says_the_numbers_of_the_run(store, tmp_path):
    kept = keep(store)
    answer = write(store, tmp_path)
    evaluation = evaluation_from_payload(kept["evaluation"])
    text = re.sub(r"\[\d+\]", "", "".join(line for _, lines in answer["sections"] for line in lines))
    assert f"立案{evaluation.totals['filed']}件" in text
    assert f"结案{evaluation.totals['closed']}件" in text
    printed = re.sub(r"(?<=[0-9%])\d*(?=件)", "", words_of(tmp_path / "简报.docx"))
    assert "启东市城市管理周报" in printed
    assert not (set(re.findall("[\ue000-\ue002{}]", printed)))


def test_every_number_opens_its_cases(store, tmp_path):
    from openpyxl import load_workbook

    keep(store)
    write(store, tmp_path)
    book = load_workbook(tmp_path / "简报.xlsx")
    found = 0
    for mark, what, shown, number in book["数字出处"].iter_rows(min_row=2, values_only=True):
        if number.split("|")[0] in ("filed", "closed", "reported") and "变化" not in what and shown.isdigit():
            fids = cases_of_number(make_context(store), CasesOfNumber(number))["fids"]
            assert len(fids) == int(shown), (mark, what, number)
            found += 1
    assert found >= 3


def test_a_hostile_template_is_refused_and_nothing_is_written(store, tmp_path):
    keep(store)
    bad = tmp_path / "模板.docx"
    bad.write_bytes(b"PK\x03\x04 no template")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(InputRefused):
        write(store, out, template=str(bad))
    assert list(out.iterdir()) == []


def test_a_name_that_there_is_not_is_refused(store, tmp_path):
    keep(store)
    own = tmp_path / "文字.csv"
    own.write_text("code,section,each,text\na,一,,立案{count.filled}件\n", encoding="utf-8")
    with pytest.raises(InputRefused) as caught:
        write(store, tmp_path, texts=str(own))
    assert caught.value.code == "brief.text_name"
    assert not (tmp_path / "简报.docx").exists()


def test_texts_are_those_of_the_city_and_go_round_through_the_workbook(store, tmp_path):
    from openpyxl import load_workbook

    keep(store)
    write(store, tmp_path)
    book = load_workbook(tmp_path / "简报.xlsx")
    for row in book["文字"].iter_rows(min_row=2):
        if row[0].value == "title":
            row[3].value = "{place}第一期"
    book.save(tmp_path / "改.xlsx")
    write(store, tmp_path, texts=str(tmp_path / "改.xlsx"))
    assert "启东市第一期" in words_of(tmp_path / "简报.docx")


def test_without_a_run_there_is_no_brief(store, tmp_path):
    with pytest.raises(InputRefused) as caught:
        write(store, tmp_path)
    assert caught.value.code == "brief.no_runs"


def test_the_own_template_is_filled_and_one_with_unknown_names_leaves_old_files(store, tmp_path):
    from docx import Document

    keep(store)
    own, wrong = tmp_path / "自己.docx", tmp_path / "错误.docx"
    said = "{{ title }}：{% for part in sections %}{{ part.heading }}{% endfor %}"
    for path, text in ((own, said), (wrong, "{{ nix }}")):
        document = Document()
        document.add_paragraph(text)
        document.save(str(path))
    write(store, tmp_path, template=str(own))
    assert words_of(tmp_path / "简报.docx").startswith("启东市城市管理周报：一、总体情况")
    before = [(tmp_path / name).read_bytes() for name in ("简报.docx", "简报.xlsx")]
    with pytest.raises(InputRefused) as caught:
        write(store, tmp_path, template=str(wrong))
    assert caught.value.code == "template.unknown"
    assert [(tmp_path / name).read_bytes() for name in ("简报.docx", "简报.xlsx")] == before


def test_numbers_are_locked_and_name_their_origin(store, tmp_path):
    from docx import Document
    from docx.oxml.ns import qn

    keep(store)
    answer = write(store, tmp_path)
    fields = list(Document(str(tmp_path / "简报.docx")).element.body.iter(qn("w:sdt")))
    assert len(fields) >= answer["counts"]["numbers"]
    assert {field.find(f".//{qn('w:lock')}").get(qn("w:val")) for field in fields} == {"sdtContentLocked"}
    marks = [int(tag) for tag in re.findall(r"\[(\d+)\]", str(answer["sections"]))]
    assert list(dict.fromkeys(marks)) == list(range(1, max(marks) + 1))  # in the order of reading


def test_a_brief_of_a_period_is_that_of_the_table_it_keeps(store, tmp_path):
    days = {"from_date": "2020-01-06", "to_date": "2020-01-12", "scheme": "s3_department"}
    told = brief_period(make_context(store), BriefPeriod(document=str(tmp_path / "a.docx"), run="周", **days))
    assert told["operation"] and told["tables"] == ["assessment_run"]
    assert store.read("assessment_run", ["name"], [])["name"].tolist() == ["周"]
    again = write_brief(make_context(store), WriteBrief(run="周", document=str(tmp_path / "b.docx")))
    assert again["sections"] == told["sections"] and words_of(tmp_path / "a.docx") == words_of(tmp_path / "b.docx")


@pytest.mark.parametrize(
    ("given", "code"),
    [({"to_date": ""}, "brief.days"), ({"template": "none.docx"}, ""), ({"document": "a.pdf"}, "brief.output"),
     ({"from_date": "1999-01-01", "to_date": "1999-01-02"}, "assess.empty_period")],
)  # fmt: skip
def test_a_brief_of_a_period_that_fails_keeps_nothing(store, tmp_path, given, code):
    days = {"from_date": "2020-01-06", "to_date": "2020-01-12", "document": str(tmp_path / "a.docx")}
    with pytest.raises(InputRefused) as refused:
        brief_period(make_context(store), BriefPeriod(**{**days, **given}))
    assert not code or refused.value.code == code
    assert store.count("assessment_run") == 0 and not list(tmp_path.glob("*.docx"))


def test_a_brief_is_chinese_whatever_qgis_speaks(store, tmp_path):
    keep(store)
    english = {"table.language": "en", "table.total": "Total", "brief.ranking": "Ranking"}
    for name, sentences in (("zh", {}), ("en", english)):
        words = make_context(store, sentences=sentences)
        write_brief(words, WriteBrief(document=str(tmp_path / f"{name}.docx"), before="-", year="-"))
    assert words_of(tmp_path / "zh.docx") == words_of(tmp_path / "en.docx")


def test_libreoffice_computes_the_changes_and_the_table_of_a_brief(store, office, tmp_path):
    """Every formula of the workbook against the runs themselves; no cell is an error."""
    from openpyxl import load_workbook

    keep(store)
    keep(store, name="上周", from_date="2020-01-01", to_date="2020-01-05")
    write(store, tmp_path, run="一周", before="上周", year="-")
    path = tmp_path / "简报.xlsx"
    names = load_workbook(path).sheetnames
    sheets = dict(zip(names, office(path)))
    assert not [cell for rows in sheets.values() for row in rows for cell in row if str(cell or "").startswith("#")]
    now, before = ({} for _ in range(2))
    for name, counts in (("一周", now), ("上周", before)):
        made = evaluation_from_payload(open_run(make_context(store), OpenRun(name))["evaluation"])
        counts.update(zip((row.code for row in made.rows), made.counts["filed"].tolist()))
    rows = sheets["环比同比"][1:]
    assert {row[0] for row in rows} >= set(now)
    told = {row[0]: row[2:6] for row in rows if row[0] in now}
    for code, (count, earlier, change, percent) in told.items():
        assert (count, earlier) == (now[code], before[code])
        assert change == count - earlier
        assert percent == (round(100 * (count - earlier) / earlier, 2) if earlier else "–")
    assert any(earlier for _, earlier, *_ in told.values()) and any(change for _, _, change, _ in told.values())


HOSTILE = ("=cmd|' /C calc'!A0()", "{{ title }}{% for a in b %}", "<w:p>&\"'</w:t>", "\x01街\x0b道", "长" * 200)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_of_a_department_stays_text(store, tmp_path, name):
    from openpyxl import load_workbook

    with store.action("set up") as action:
        action.insert("department", {"code": objects(["D0", "D1"]), "name": objects([name, "无案件"])})
    own = tmp_path / "文字.csv"
    own.write_text("code,section,each,text\ntitle,,,=1+1\nsubtitle,,,=2+2\n", encoding="utf-8")
    keep(store)
    write(store, tmp_path, texts=str(own))
    shown = re.sub("[\x00-\x1f]", "", name)
    assert shown in words_of(tmp_path / "简报.docx")
    sheets = load_workbook(tmp_path / "简报.xlsx").worksheets
    cells = [cell for sheet in sheets for row in sheet.iter_rows() for cell in row]
    assert any(shown in str(cell.value) for cell in cells)
    assert not [cell.value for cell in cells if cell.data_type == "f" and str(cell.value) in (name, "=1+1", "=2+2")]


def test_what_the_files_tell_of_a_brief_is_a_note_that_can_be_shown(store, tmp_path, monkeypatch):
    keep(store)
    context = make_context(store)
    monkeypatch.setattr(context.files, "write_brief", lambda *_: [("brief.no_font", {"count": 2})])
    told = write_brief(context, WriteBrief(document=str(tmp_path / "a.docx"), before="-", year="-"))
    assert told["notes"] == [{"code": "brief.no_font", "values": {"count": 2}}]
