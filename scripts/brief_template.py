# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the Word template of briefs (``resources/templates/brief_month.docx``): ``python -m scripts.brief_template``."""

from __future__ import annotations

import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

TARGET = Path(__file__).resolve().parents[1] / "digital_citymgmt_plugin" / "resources" / "templates"
FONT, MADE = "宋体", (2026, 1, 1, 0, 0, 0)


def build() -> bytes:
    """Return the template; the same bytes every time."""
    document: Any = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.5)
    page.top_margin = page.bottom_margin = Cm(2.3)
    for name in ("Normal", "Title", "Heading 1", "Heading 2"):
        style = document.styles[name]
        style.font.name = "Times New Roman"
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), FONT if name == "Normal" else "黑体")
        style.font.color.rgb = RGBColor(0, 0, 0)
    document.styles["Normal"].font.size = Pt(11)
    title = document.add_paragraph("{{ title }}", style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    line(document, "{{ subtitle }}").alignment = WD_ALIGN_PARAGRAPH.CENTER
    line(document, "{%p for part in sections %}")
    document.add_paragraph("{{ part.heading }}", style="Heading 1")
    line(document, "{%p for text in part.lines %}")
    said = line(document, "{{ text }}")
    said.paragraph_format.first_line_indent = Pt(22)
    said.paragraph_format.line_spacing = 1.5
    line(document, "{%p endfor %}")
    line(document, "{%p endfor %}")
    document.add_paragraph("{{ table_ranking.title }}", style="Heading 1")
    ranking(document)
    line(document, "")
    line(document, "{%p for note in table_ranking.notes %}")
    small(line(document, "{{ note }}"))
    line(document, "{%p endfor %}")
    for name in ("bars", "series", "map"):
        line(document, f"{{%p if {name} %}}")
        picture = line(document, f"{{{{ {name} }}}}")
        picture.alignment = WD_ALIGN_PARAGRAPH.CENTER
        line(document, "{%p endif %}")
    document.add_paragraph("附：口径与数字出处", style="Heading 1")
    for name in ("formulas", "notes"):
        line(document, f"{{%p for text in {name} %}}")
        small(line(document, "{{ text }}"))
        line(document, "{%p endfor %}")
    small(line(document, "{{ sign }}"))
    numbers(document)
    return settled(document)


def line(document: Any, text: str) -> Any:
    """Add a paragraph."""
    made = document.add_paragraph(text)
    made.paragraph_format.space_after = Pt(4)
    return made


def small(paragraph: Any) -> None:
    """Print it small; long codes may break anywhere."""
    for run in paragraph.runs:
        run.font.size = Pt(8)


def cell(table: Any, row: int, column: int, text: str, size: float = 9, bold: bool = False) -> None:
    """Fill a cell."""
    paragraph = table.cell(row, column).paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(0)
    run = paragraph.add_run(text)
    run.font.size, run.bold = Pt(size), bold


def repeated(table: Any, row: int) -> None:
    """Let a head be repeated on every page; rows are not torn."""
    about = table.rows[row]._tr.get_or_add_trPr()
    about.append(OxmlElement("w:cantSplit"))
    about.append(OxmlElement("w:tblHeader"))


def ranking(document: Any) -> None:
    """Add the table whose columns are those of the run."""
    table = document.add_table(rows=4, cols=3, style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for column, text in enumerate(("{%tc for head in table_ranking.head %}", "{{ head }}", "{%tc endfor %}")):
        cell(table, 0, column, text, bold=True)
    cell(table, 1, 0, "{%tr for row in table_ranking.rows %}")
    for column, text in enumerate(("{%tc for one in row %}", "{{ one }}", "{%tc endfor %}")):
        cell(table, 2, column, text, 8)
    cell(table, 3, 0, "{%tr endfor %}")
    repeated(table, 0)


def numbers(document: Any) -> None:
    """Add the table of the numbers' origin."""
    table = document.add_table(rows=4, cols=4, style="Table Grid")
    table.autofit = False
    for column, (text, name, wide) in enumerate(
        (("序号", "one.mark", 1.2), ("数字含义", "one.what", 5.0), ("数值", "one.text", 2.2),
         ("查询编号", "one.ids", 7.6))
    ):  # fmt: skip
        cell(table, 0, column, text, 8, True)
        cell(table, 2, column, f"{{{{ {name} }}}}", 7.5)
        table.columns[column].width = Cm(wide)
        for row in range(4):
            table.cell(row, column).width = Cm(wide)
    cell(table, 1, 0, "{%tr for one in numbers %}")
    cell(table, 3, 0, "{%tr endfor %}")
    repeated(table, 0)


def settled(document: Any) -> bytes:
    """Return the document with all times the same."""
    from datetime import datetime

    about = document.core_properties
    about.created = about.modified = datetime(*MADE)
    about.author = about.last_modified_by = about.title = about.comments = ""
    held, made = BytesIO(), BytesIO()
    document.save(held)
    with zipfile.ZipFile(held) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, MADE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            new.writestr(entry, old.read(name))
    return made.getvalue()


def main() -> int:
    """Write the template."""
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "brief_month.docx").write_bytes(build())
    return 0


if __name__ == "__main__":
    sys.exit(main())
