# SPDX-License-Identifier: GPL-2.0-or-later
"""Differences of city profiles and class catalogues in words: sheets, columns, kinds and values as the windows say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge.captions import column_caption, value_captions


def tr(text: str) -> str:
    """Translate a text of the differences."""
    return QCoreApplication.translate("Differences", text)


def sheet_words(sheet: str) -> str:
    """Return what a sheet of the profile is called; the name itself where it is none."""
    words = {
        "settings": tr("City"), "schemes": tr("Codes"), "classes": tr("Classes"), "departments": tr("Departments"),
        "filing_standard": tr("Filing standard"), "responsibility_rules": tr("Responsibilities"),
        "indicators": tr("Indicators"), "work_calendar": tr("Work calendar"), "work_hours": tr("Working hours"),
        "workflow": tr("Workflow"), "class_synonyms": tr("Synonyms of classes"),
    }  # fmt: skip
    return words.get(sheet, sheet)


def column_words(sheet: str, column: str) -> str:
    """Return the heading of a column of a sheet; captions of the store where the sheet has none of its own."""
    own = {
        ("classes", "name"): tr("Class"), ("classes", "department_code"): tr("Department"),
        ("departments", "kind"): tr("Type"), ("indicators", "direction"): tr("Better is"),
    }  # fmt: skip
    plain = {
        "value": tr("Value"), "segments": tr("Segments"), "note": tr("Note"), "unit": tr("Unit"),
        "condition_no": tr("Condition number"), "limit_value": tr("Time limit"), "limit_unit": tr("Unit of the limit"),
        "closing_condition": tr("Closing condition"), "priority": tr("Priority"), "area_code": tr("Area code"),
        "numerator": tr("Numerator"), "denominator": tr("Denominator"), "day": tr("Day"), "is_workday": tr("Workday"),
        "name_en": tr("English name"), "from_stages": tr("In stages"), "to_stage": tr("Goes to"), "roles": tr("By"),
        "needs": tr("Has to give"), "flags": tr("Only if"), "sort": tr("Order"),
    }  # fmt: skip
    table = {"classes": "class"}.get(sheet, sheet)
    return own.get((sheet, column)) or plain.get(column) or column_caption(table, column) or column


def value_words(sheet: str, column: str, value: str) -> str:
    """Return a value in words: flags, geometries, lists of columns."""
    if column in ("enabled", "is_workday"):
        return {"1": tr("yes"), "0": tr("no")}.get(value, value)
    if (sheet, column) == ("classes", "geometry"):
        return {"point": tr("Point"), "line": tr("Line"), "area": tr("Area")}.get(value, value)
    if column == "required_fields":
        return ", ".join(column_caption("component_point", name) or name for name in value.split(",") if name)
    return value


def key_words(sheet: str, key: str, called: Callable[[str], str] | None = None) -> str:
    """Return a row's key, the kind in words; ``called`` gives the name that goes with the key."""
    kind, _, rest = key.partition(" ")
    known = value_captions("class", "kind").get(kind) if sheet != "settings" else None
    name = called(key) if called is not None else ""
    return " ".join(part for part in (f"{known} {rest}".strip() if known else key, name) if part)


def line_words(line: Sequence[str], called: Callable[[str], str] | None = None) -> list[str]:
    """Return a difference (sheet, key, change, column, old, new) in words; the change is left as it is."""
    sheet, key, change, column, old, new = (str(part) for part in line)
    return [
        sheet_words(sheet), key_words(sheet, key, called), change, column_words(sheet, column) if column else "",
        value_words(sheet, column, old), value_words(sheet, column, new),
    ]  # fmt: skip
