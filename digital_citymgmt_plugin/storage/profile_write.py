# SPDX-License-Identifier: GPL-2.0-or-later
"""A city profile as one Excel workbook, for editing and for reading in again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digital_citymgmt_plugin.core.codes import CodeScheme
from digital_citymgmt_plugin.core.profile import DEFAULT_SETTINGS, Profile
from digital_citymgmt_plugin.storage.profile_sheets import SHEETS
from digital_citymgmt_plugin.storage.replacing import replacing

_DEFAULT = "default of the plugin 插件默认值"
_NOTES = (
    ("How to use this workbook", "如何使用本工作簿"),
    (
        "Edit, add or remove rows and import the workbook again; a report shows every difference before it is written.",
        "修改、增加或删除行后再导入；写入前会列出每一处差异。",
    ),
    (
        "Every sheet and column must stay: this workbook names no base and is the whole profile.",
        "各工作表和各列都要保留：本工作簿没有写明底本，就是整个配置。",
    ),
    (
        "Formulas, merged cells and links to other files are refused.",
        "不接受公式、合并单元格和指向其他文件的链接。",
    ),
    (
        "Confidence says how well a row is attested; what is not confirmed is a default, not a rule of the standard.",
        "“可信度”说明每一行依据的可靠程度；未经核实的是默认值，不是标准规定。",
    ),
)


def write_profile_workbook(profile: Profile, path: str) -> None:
    """Write a whole profile as a workbook that ``read_profile_workbook`` takes; text never becomes a formula.

    Raises
    ------
    InputRefused
        See ``replacing``; an existing file stays as it was.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in profile_rows(profile).items():
        chinese, columns = SHEETS[name]
        sheet = book.create_sheet(f"{name} {chinese}")
        header = [f"{column} {text}" for column, text in columns.items()]
        _fill(sheet, header, [[row.get(column) for column in columns] for row in rows])
    counts = [[count.code, count.name, count.definition, count.definition_zh] for count in profile.counts]
    words = [["", "", english, chinese] for english, chinese in _NOTES]
    _fill(book.create_sheet("notes 说明"), ["count", "统计量", "definition", "定义"], [*counts, [""] * 4, *words])
    with replacing(path) as temporary:
        book.save(temporary)


def profile_rows(profile: Profile) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every sheet, by column."""
    own = {"name": profile.name, "edition": profile.edition, "version": profile.version, "base": "", "replace": ""}
    settings = {**DEFAULT_SETTINGS, **profile.settings}
    return {
        "settings": [
            *({"key": key, "value": value} for key, value in own.items()),
            *(
                {"key": key, "value": value, "note": _DEFAULT if DEFAULT_SETTINGS.get(key) == value else ""}
                for key, value in settings.items()
            ),
        ],
        "schemes": [row for scheme in (profile.grid_scheme, profile.component_scheme) for row in _scheme_rows(scheme)],
        "classes": [{**vars(entry), "enabled": int(entry.enabled)} for entry in profile.classes],
        "departments": [dict(vars(entry)) for entry in profile.departments],
        "filing_standard": [dict(vars(entry)) for entry in profile.filing_rules],
        "responsibility_rules": [dict(vars(entry)) for entry in profile.responsibility],
        "indicators": [dict(vars(entry)) for entry in profile.indicators],
        "work_calendar": [{**vars(entry), "is_workday": int(entry.is_workday)} for entry in profile.days],
        "work_hours": [dict(vars(entry)) for entry in profile.periods],
        "class_synonyms": [dict(vars(entry)) for entry in profile.synonyms],
        "workflow": [dict(vars(entry)) for entry in profile.moves],
        "score_schemes": [dict(vars(entry)) for entry in profile.score_schemes],
        "score_terms": [dict(vars(entry)) for entry in profile.score_terms],
        "score_bands": [dict(vars(entry)) for entry in profile.score_bands],
    }


def _scheme_rows(scheme: CodeScheme) -> list[dict[str, Any]]:
    return [
        {
            "kind": scheme.kind,
            "name": scheme.name,
            "segment": segment.name,
            "digits": segment.digits,
            "source": segment.source,
            "confidence": scheme.confidence,
            "note": scheme.note,
        }
        for segment in scheme.segments
    ]


def _fill(sheet: Any, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.append(header)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for number, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            if value is None or value == "":
                continue
            cell = sheet.cell(number, column)
            if isinstance(value, str):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
                cell.data_type = "s"  # "=cmd()" stays text
                cell.number_format = "@"  # and a code keeps its zeros when it is edited
                cell.quotePrefix = value[0] in "=+-@"
            else:
                cell.value = value
    for index, title in enumerate(header):
        longest = max([len(title) + 4, *(len(str(row[index] or "")) + 2 for row in rows[:200])])
        sheet.column_dimensions[get_column_letter(index + 1)].width = min(longest, 50)
