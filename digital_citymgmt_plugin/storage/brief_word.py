# SPDX-License-Identifier: GPL-2.0-or-later
"""A brief as a Word file: the template is filled, then every number becomes a locked field that names its origin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.assessment.brief import OPEN, Brief, Table, pieces
from digital_citymgmt_plugin.core.pictures import Picture
from digital_citymgmt_plugin.storage.documents import CONTROL
from digital_citymgmt_plugin.storage.word_template import render_docx

TEMPLATE = Path(__file__).resolve().parents[1] / "resources" / "templates" / "brief_month.docx"
WIDE = 160.0  # mm of a picture: an A4 page between its margins
_RANK, _NAME = 13.0, 34.0  # mm of the first two columns of the ranking
_TAG = 60  # letters of a tag or title; Word takes 64


def write_brief_word(path: str, brief: Brief, pictures: Mapping[str, bytes], template: str) -> None:
    """Write a brief as a Word file.

    Parameters
    ----------
    path : str
        Written whole or not at all.
    brief : Brief
    pictures : mapping
        By name of the chart: PNG.
    template : str
        The city's own (``render_docx``); '' the plugin's.

    Raises
    ------
    InputRefused
        As ``render_docx``.
    """
    images = {name: Picture(data, WIDE) for name, data in pictures.items()}
    values = {**template_values(brief), **{name: None for name in ("bars", "series", "map") if name not in images}}
    render_docx(template or str(TEMPLATE), values, images, path)
    _lock(path, brief, own=bool(template))


def template_values(brief: Brief) -> dict[str, Any]:
    """Return what a template may ask for."""
    return {
        **brief.values,
        "sections": [{"heading": heading, "lines": list(lines)} for heading, lines in brief.sections],
        "tables": [_table(table) for table in brief.tables.values()],
        **{f"table_{name}": _table(table) for name, table in brief.tables.items()},
        "formulas": list(brief.formulas),
        "notes": list(brief.notes),
        "numbers": [
            {"mark": str(one.mark), "what": one.what, "text": one.text, "ids": "\n".join(one.numbers)}
            for one in brief.figures
        ],
    }  # fmt: skip


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title, "head": list(table.head), "rows": [list(row) for row in table.rows],
        "notes": list(table.notes),
    }  # fmt: skip


def _lock(path: str, brief: Brief, own: bool) -> None:
    """Make a locked content control of every number between the signs, its mark raised behind it."""
    from docx import Document
    from docx.oxml.ns import qn

    document = Document(path)
    parts = [document.element.body]
    for section in document.sections:
        parts += [section.header._element, section.footer._element]
    what = {str(one.mark): CONTROL.sub("", one.what) for one in brief.figures}
    number = 0
    for part in parts:
        for run in list(part.iter(qn("w:r"))):
            texts = run.findall(qn("w:t"))
            if any(OPEN in (text.text or "") for text in texts):
                number = _split(run, what, number)
    if not own and document.tables:
        _share(document.tables[0])
    document.save(path)


def _share(table: Any) -> None:
    """Share the width of the page among the columns of the ranking: little for the rank, most for the name."""
    from docx.shared import Mm

    count = len(table.columns)
    wide = [_RANK, _NAME, *[(WIDE - _RANK - _NAME) / max(count - 2, 1)] * (count - 2)][:count]
    table.autofit = False
    for column, millimetres in zip(table.columns, wide):
        column.width = Mm(millimetres)
    for row in table.rows:
        for cell, millimetres in zip(row.cells, wide):
            cell.width = Mm(millimetres)


def _split(run: Any, what: Mapping[str, str], number: int) -> int:
    """Put runs and controls in the place of a run; returns how many controls there are by now."""
    from docx.oxml.ns import qn

    made = []
    for child in run:
        if child.tag == qn("w:rPr"):
            continue
        if child.tag != qn("w:t") or OPEN not in (child.text or ""):
            made.append(_run(run, None, child))
            continue
        for text, mark in pieces(child.text or ""):
            if mark is None:
                made.append(_run(run, text))
                continue
            number += 1
            made.append(_control(_run(run, text), what.get(mark, ""), mark, number))
            if mark:
                made.append(_run(run, mark, raised=True))
    for one in made:
        run.addprevious(one)
    run.getparent().remove(run)
    return number


def _run(like: Any, text: str | None, child: Any = None, raised: bool = False) -> Any:
    from copy import deepcopy

    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement("w:r")
    style = like.find(qn("w:rPr"))
    if style is not None:
        made.append(deepcopy(style))
    if raised:
        if style is None:
            made.append(OxmlElement("w:rPr"))
        sign = OxmlElement("w:vertAlign")
        sign.set(qn("w:val"), "superscript")
        made[0].append(sign)
    if child is not None:
        made.append(deepcopy(child))
    elif text is not None:
        words = OxmlElement("w:t")
        words.text = text
        words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        made.append(words)
    return made


def _control(run: Any, what: str, mark: str, number: int) -> Any:
    from copy import deepcopy

    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made, about, content = (OxmlElement(name) for name in ("w:sdt", "w:sdtPr", "w:sdtContent"))
    style = run.find(qn("w:rPr"))
    if style is not None:  # some readers take the looks from here
        about.append(deepcopy(style))
    for name, value in (
        ("w:alias", what[:_TAG]), ("w:tag", f"dcm.{mark or 'row'}"), ("w:id", str(880_000_000 + number)),
        ("w:lock", "sdtContentLocked"),
    ):  # fmt: skip
        if value:
            element = OxmlElement(name)
            element.set(qn("w:val"), value)
            about.append(element)
    content.append(run)
    made.append(about)
    made.append(content)
    return made
