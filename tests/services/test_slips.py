# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips: which cases, what stands on them, Word files; hostile texts stay texts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from digital_citymgmt_plugin.bridge.messages import SENTENCES
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests_slips import ReadSlips, SlipCases, WriteSlips
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.slips import read_slips, slip_cases, write_slips
from tests.services.test_dispatch import add

HOSTILE = "[% env(\"HOME\") %] {{7*7}} =cmd|'/c calc'!A1 <w:p/> \x00\x1b\u202e ../../x ]]> &amp; %(a)s {count}"


@pytest.fixture
def desk(town):
    """A town with cases, and the English sentences."""
    from dataclasses import replace

    town.fids, _ = add(town, 12)
    town.words = replace(town.context, sentences=SENTENCES)
    return town


def test_cases_are_found_by_number_queue_and_filter(desk):
    told = slip_cases(desk.words, SlipCases(chosen="A0003, A0001；A0003\nnone"))
    assert told["counts"] == {"cases": 2, "unknown": 1} and told["unknown"] == ["none"]
    assert list(told["names"].values()) == ["A0003", "A0001"]
    assert slip_cases(desk.words, SlipCases(chosen="queue:to_dispatch"))["counts"]["cases"] == 2
    assert slip_cases(desk.words, SlipCases(chosen='{"queue": "open", "departments": ["D1"]}'))["counts"]["cases"] == 2
    gone = slip_cases(desk.words, SlipCases(cases=[int(desk.fids[0]), 987_654]))
    assert gone["counts"] == {"cases": 1, "unknown": 1} and gone["unknown"] == ["987654"]
    for chosen in ("nothing", "", "{", '{"x": 1}', "queue:none"):
        with pytest.raises(InputRefused):
            slip_cases(desk.words, SlipCases(chosen=chosen))
    with pytest.raises(InputRefused) as refused:
        slip_cases(desk.words, SlipCases(kind="letter", chosen="A0001"))
    assert refused.value.code == "slip.kind"


def test_a_slip_tells_the_case(desk):
    fid = int(desk.fids[1])
    sheet = read_slips(desk.words, ReadSlips(kind="dispatch", cases=[fid], names={str(fid): "A0001"}))["slips"][0]
    lines = dict(sheet["lines"])
    assert lines["Case number"] == "A0001" and lines["Due"].startswith("2026-03-03 09:00")
    assert "华山路1号" in lines["Place"] and "D1" in lines["Department (rule)"]
    assert sheet["place"] and sheet["signs"] and sheet["stem"] == "A0001" and not sheet["header"]
    unplaced = int(desk.fids[0])
    assert read_slips(desk.words, ReadSlips(cases=[unplaced]))["slips"][0]["left_out"]


def test_how_late_a_case_was_is_counted_to_its_end(desk):
    fid = int(desk.fids[1])

    def late():
        sheet = read_slips(desk.words, ReadSlips(kind="supervision", cases=[fid]))["slips"][0]
        return dict(sheet["lines"])["Overdue by"]

    with desk.context.need_store().action("test") as action:
        action.update("case_record", [fid], {"due_at": objects(["2020-01-01T00:00:00.000Z"])})
        still = late()
        action.update("case_record", [fid], {"disposed_at": objects(["2020-01-01T02:30:00.000Z"])})
    assert late().startswith("2.5") and still != late()


def test_the_list_of_parked_cases_is_one_sheet_and_says_what_is_not_parked(desk):
    told = read_slips(desk.words, ReadSlips(kind="parked_list", cases=desk.fids.tolist()))["slips"]
    assert len(told) == 1 and len(told[0]["rows"]) == 2 and "10 of" in told[0]["left_out"][0]


@pytest.mark.parametrize("kind", ["dispatch", "supervision", "check", "parked_list", "dossier"])
def test_word_files_hold_hostile_text_as_text(desk, tmp_path, kind):
    docx = pytest.importorskip("docx")
    with desk.store.action("import_cases") as action:
        columns = {name: objects([HOSTILE]) for name in ("description", "address", "source", "condition", "dept_name")}
        action.update("case_record", desk.fids[[5]], columns)
        event = {"case_fid": objects([int(desk.fids[5])]), "action": objects(["park"]), "reason": objects([HOSTILE]),
                 "at": objects(["2026-03-01T01:00:00.000Z"]), "source": objects(["import"])}  # fmt: skip
        action.insert("case_event", event)
        uuid = desk.store.read("case_record", ["uuid"], [("fid", "=", int(desk.fids[5]))])["uuid"]
        photo = {"object_uuid": uuid, "path": objects(["../../../etc/passwd"])}
        action.insert("photo", photo)
    fid = int(desk.fids[5])
    folder = tmp_path / "slips"
    folder.mkdir()
    request = WriteSlips(kind=kind, cases=[fid], names={str(fid): "../x"}, folder=str(folder))
    told = write_slips(desk.words, request)
    [path] = told["files"]
    assert Path(path).parent == folder and [one.name for one in folder.iterdir()] == [Path(path).name]
    document = docx.Document(path)
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    text = "\n".join(cells + [one.text for one in document.paragraphs])
    assert "{{7*7}}" in text and '[% env("HOME") %]' in text and "root:" not in text
    with zipfile.ZipFile(path) as inside:
        xml = inside.read("word/document.xml").decode()
        assert "fldChar" not in xml and "fldSimple" not in xml and "hyperlink" not in xml and "\u202e" not in xml
    assert told["counts"]["photos_missing"] == (0 if kind == "parked_list" else 1)


def test_nothing_is_written_into_a_folder_that_is_not_there(desk, tmp_path):
    pytest.importorskip("docx")
    with pytest.raises(InputRefused):
        write_slips(desk.words, WriteSlips(cases=[int(desk.fids[1])], folder=str(tmp_path / "none")))
    with pytest.raises(InputRefused):
        write_slips(desk.words, WriteSlips(cases=[int(desk.fids[1])]))


def test_slips_on_the_city_s_own_word_template(desk, tmp_path):
    docx = pytest.importorskip("docx")
    pytest.importorskip("docxtpl")
    document = docx.Document()
    for words in (
        "{{ title }}", "编号 {{ case_no }}", "{{ place }}{{ map }}", "{%p for photo in photos %}", "{{ photo }}",
        "{%p endfor %}", "{{ parked_reason }}",
    ):  # fmt: skip
        document.add_paragraph(words)
    table = document.add_table(rows=3, cols=2)
    cells = ("{%tr for line in lines %}", "", "{{ line.label }}", "{{ line.text }}", "{%tr endfor %}", "")
    for cell, words in zip((cell for row in table.rows for cell in row.cells), cells):
        cell.text = words
    template = tmp_path / "本市.docx"
    document.save(str(template))
    fid = int(desk.fids[1])
    with desk.context.need_store().action("test") as action:
        action.update("case_record", [fid], {"address": objects([HOSTILE])})
    request = WriteSlips("dispatch", [fid], {str(fid): "A0001"}, str(tmp_path), "", str(template))
    assert write_slips(desk.words, request)["counts"]["slips"] == 1
    made = docx.Document(str(tmp_path / "A0001.docx"))
    texts = [paragraph.text for paragraph in made.paragraphs]
    assert "编号 A0001" in texts and any("{{7*7}}" in text for text in texts)
    assert ["Case number", "A0001"] in [[cell.text for cell in row.cells] for row in made.tables[0].rows]
    document.add_paragraph("{{ nothing }}")
    document.save(str(template))
    with pytest.raises(InputRefused) as refused:
        write_slips(desk.words, request)
    assert refused.value.code == "template.unknown"


def test_a_supervision_notice_tells_until_when_an_answer_is_wanted(desk):
    import numpy as np

    from digital_citymgmt_plugin.services.supervising import tell_supervisions

    fid = int(desk.fids[1])
    with desk.context.need_store().action("test") as action:
        told = {
            "case_fid": np.array([fid]), "action": objects(["supervise"]), "at": objects(["2026-03-01T00:00:00.000Z"]),
            "reason": objects(["超时"]), "payload": objects(['{"until": "2026-07-01"}']),
        }  # fmt: skip
        action.insert("case_event", told)
        tell_supervisions(desk.context.need_store(), action, np.array([fid]))
    sheet = read_slips(desk.words, ReadSlips(kind="supervision", cases=[fid]))["slips"][0]
    lines = dict(sheet["lines"])
    assert lines["Answer by"].startswith("2026-07-01 23:59") and "level 1" in lines["Answer by"]
    assert lines["Why supervised"] == "超时"


def test_a_dossier_tells_what_was_corrected_without_how_its_place_was_found(desk):
    """The codes of the ways to a place are of no use on paper."""
    import numpy as np

    fid = int(desk.fids[2])
    reason = '{"street_code": [null, "320681100"], "place_method": ["community_name", "grid"]}'
    with desk.context.need_store().action("test") as action:
        action.insert("case_event", {
            "case_fid": np.array([fid]), "action": objects(["amend"]), "at": objects(["2026-03-01T00:00:00.000Z"]),
            "reason": objects([reason]),
        })  # fmt: skip
    rows = read_slips(desk.words, ReadSlips(kind="dossier", cases=[fid]))["slips"][0]["rows"]
    assert [row[-1] for row in rows if "320681100" in row[-1]] == ["Street: – → 320681100"]
