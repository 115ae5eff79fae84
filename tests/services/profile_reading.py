# SPDX-License-Identifier: GPL-2.0-or-later
"""A second, independent reading of a profile workbook: the XML itself, without openpyxl and without the product.

It knows how a right workbook is meant and nothing of what is refused: whoever asks has an imported workbook in hand.
"""

from __future__ import annotations

import csv
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

RESOURCES = Path(__file__).resolve().parents[2] / "digital_citymgmt_plugin" / "resources" / "profiles"
KEYS = {
    "settings": ("key",), "classes": ("kind", "code"), "departments": ("code",),
    "filing_standard": ("kind", "class_code", "condition_no"),
    "responsibility_rules": ("kind", "class_code", "area_code", "priority"), "indicators": ("code",),
    "work_calendar": ("day",),
    "work_hours": ("from_day", "to_day"),
    "class_synonyms": ("word", "kind"),
    "workflow": ("action", "from_stages"),
    "score_schemes": ("code",), "score_terms": ("scheme", "indicator"), "score_bands": ("scheme", "indicator", "start"),
}  # fmt: skip
NUMBERS = (
    "tolerance_m",
    "duplicate_m",
    "photo_count",
    "limit_value",
    "condition_no",
    "priority",
    "digits",
    "sort",
    "decimals",
    "weight",
    "start",
    "stop",
    "score",
)
FLAGS = ("enabled", "is_workday")
CHINESE = {
    "城市": "settings", "编码": "schemes", "类别": "classes", "部门": "departments", "立案标准": "filing_standard",
    "权责规则": "responsibility_rules", "指标": "indicators", "工作日历": "work_calendar",
    "工作时段": "work_hours", "流程": "workflow", "类别同义词": "class_synonyms",
    "评价方案": "score_schemes", "评价指标": "score_terms", "等级": "score_bands",
}  # fmt: skip
WORDS = {
    "部件": "component", "事件": "event", "事项": "event", "matter": "event", "单元网格": "unit_grid", "点": "point",
    "线": "line", "面": "area", "工作时": "work_hour", "工作日": "work_day", "紧急工作时": "emergency_hour",
    "自然日": "calendar_day", "紧急工作日": "emergency_day", "高": "higher", "低": "lower",
}  # fmt: skip
TRANSLATED = {
    "kind": ("部件", "事件", "事项", "matter", "单元网格"), "geometry": ("点", "线", "面"), "direction": ("高", "低"),
    "limit_unit": ("工作时", "工作日", "紧急工作时", "自然日", "紧急工作日"),
}  # fmt: skip
SCORES = ("score_schemes", "score_terms", "score_bands")
YES = ("1", "true", "yes", "是", "班", "上班")
DEFAULTS = {
    "tolerance_a_m": "5", "tolerance_b_m": "10", "tolerance_c_m": "20", "tolerance_other_m": "10",
    "duplicate_a_m": "1", "duplicate_b_m": "2", "duplicate_c_m": "3", "duplicate_other_m": "2",
    "work_hours": "08:00-12:00, 14:00-18:00",
    "lamp_amber_percent": "80", "lamp_red_percent": "100", "after_return": "pause", "border_m": "10",
    "verify_minutes": "30", "check_minutes": "30", "filing_minutes": "30", "dispatch_minutes": "30",
    "precedent_m": "100", "component_duty": "owner, manager",
}  # fmt: skip


def _tag(element):
    return element.tag.rpartition("}")[2]


def _text(element):
    return "".join(part.text or "" for part in element.iter() if _tag(part) == "t")


def cells_of(path):
    """Return the cells of every sheet: title → {(row, column letters): text, number or bool}."""
    with zipfile.ZipFile(path) as package:
        names = set(package.namelist())
        strings = []
        if "xl/sharedStrings.xml" in names:
            root = ElementTree.fromstring(package.read("xl/sharedStrings.xml"))
            strings = [_text(item) for item in root if _tag(item) == "si"]
        relations = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
        targets = {one.get("Id"): one.get("Target").lstrip("/") for one in relations}
        found = {}
        for sheet in ElementTree.fromstring(package.read("xl/workbook.xml")).iter():
            if _tag(sheet) != "sheet" or sheet.get("name").startswith(("notes", "说明")):  # for people
                continue
            relation = next(value for name, value in sheet.attrib.items() if name.endswith("}id"))
            target = targets[relation]
            part = target if target.startswith("xl/") else f"xl/{target}"
            found[sheet.get("name")] = _sheet_cells(ElementTree.fromstring(package.read(part)), strings)
    return found


def _sheet_cells(root, strings):
    cells = {}
    for cell in root.iter():
        if _tag(cell) != "c":
            continue
        value = next((part.text for part in cell if _tag(part) == "v"), None)
        kind = cell.get("t", "n")
        inline = next((part for part in cell if _tag(part) == "is"), None)
        letters, row = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r")).groups()
        if inline is not None:
            content = _text(inline)
        elif value is None:
            continue
        else:
            content = {"s": lambda v: strings[int(v)], "b": lambda v: v == "1", "n": float}.get(kind, str)(value)
        cells[int(row), letters] = content
    return cells


def _plain(column, value):
    if isinstance(value, bool):
        value = "1" if value else "0"
    if column in NUMBERS:
        return float(value)
    text = str(value).strip() if isinstance(value, str) else str(int(value)) if value == int(value) else repr(value)
    if column in FLAGS:
        return "1" if text.lower() in YES else "0"
    if column == "day":
        return "-".join(part.zfill(2) for part in re.findall(r"\d+", text)[:3])
    return WORDS[text] if text in TRANSLATED.get(column, ()) else text


def rows_of(path):
    """Return the rows of every sheet of the profile: sheet → list of {column: value}; blank cells are left out."""
    result = {}
    for title, cells in cells_of(path).items():
        words = title.split()
        name = next((CHINESE.get(word, word) for word in words if CHINESE.get(word, word) in CHINESE.values()), None)
        if name is None:
            continue  # notes
        heads = {letters: str(text).split()[0] for (row, letters), text in cells.items() if row == 1}
        rows = {}
        for (row, letters), value in sorted(cells.items(), key=lambda item: item[0][0]):
            if row == 1 or (isinstance(value, str) and not value.strip()):
                continue
            column = heads[letters]
            if name == "settings" and column == "note":
                continue
            rows.setdefault(row, {})[column] = value
        kinded = name != "departments"
        result[name] = [
            {
                column: _plain(column if column != "kind" or kinded else "name", value)
                for column, value in row.items()
            }
            for _, row in sorted(rows.items())
        ]  # fmt: skip
    return result


def _base_rows(edition):
    rows = {}
    for sheet, name in (
        ("classes", f"classes_{edition}"), ("departments", "departments"), ("indicators", "indicators"),
        ("filing_standard", f"filing_standard_{edition}"), ("workflow", "workflow"),
        ("score_schemes", "schemes"), ("score_terms", "scheme_terms"), ("score_bands", "scheme_bands"),
    ):  # fmt: skip
        with (RESOURCES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows[sheet] = [{k: _plain(k, v) for k, v in row.items() if v != ""} for row in csv.DictReader(file)]
    for sheet, column in (("score_schemes", "code"), ("score_terms", "scheme"), ("score_bands", "scheme")):
        rows[sheet] = [row for row in rows[sheet] if not row[column].endswith("_as_written")]
    for row in rows["departments"]:
        row.pop("name_en")
    for row in rows["classes"]:
        row.pop("geometry_confidence", None)
        row.pop("note", None)
    return rows


def meaning(path):
    """Return what a workbook means: sheet → key → {column: value}, settings and schemes included."""
    rows = rows_of(path)
    lines = {row["key"]: row.get("value", "") for row in rows["settings"]}
    base = lines.pop("base", "")
    lines.pop("replace", None)
    under = _base_rows(base) if base else {}
    edition = lines.pop("edition", "") or base
    name, version = lines.pop("name", "") or edition, lines.pop("version", "") or "1"
    own = {"name": name, "edition": edition, "version": version}
    extra = {"department_assignment": "default"} if base else {}
    settings = {**DEFAULTS, **extra, **lines, **own}
    result = {"settings": {key: {"value": value} for key, value in settings.items() if value}}
    result["schemes"] = _schemes(rows["schemes"])
    if not base and not rows.get("workflow"):  # a workbook from before has the plugin's own
        rows["workflow"] = _base_rows("2013")["workflow"]
    if not base and not any(rows.get(sheet) for sheet in SCORES):
        presets = _base_rows("2013")
        known = {row["code"] for row in rows["indicators"]}
        lacking = {row["scheme"] for row in presets["score_terms"] if row["indicator"] not in known}
        rows["score_schemes"] = [row for row in presets["score_schemes"] if row["code"] not in lacking]
        for sheet in SCORES[1:]:
            rows[sheet] = [row for row in presets[sheet] if row["scheme"] not in lacking]
    for sheet, keys in KEYS.items():
        if sheet == "settings":
            continue
        found = {}
        for row in [*under.get(sheet, []), *rows[sheet]]:
            if sheet == "responsibility_rules":
                row.setdefault("priority", 0.0)
            key = tuple(row.get(column, "") for column in keys)
            cleared = {column: "" if base and value == "-" else value for column, value in row.items()}
            found[key] = {**found.get(key, {}), **cleared}
        result[sheet] = {key: {c: v for c, v in row.items() if v != ""} for key, row in found.items()}
    digits = {part["segment"]: int(part["digits"]) for part in rows["schemes"] if part["kind"] == "component"}
    _complete(result["classes"], digits["major"])
    return result


def _schemes(rows):
    found = {}
    for row in rows:
        scheme = found.setdefault(row["kind"], {"segments": [], "source": []})
        scheme["segments"].append(f"{row['segment']} {int(row['digits'])}")
        scheme["source"].append(row.get("source", ""))
        for column in ("name", "confidence", "note"):
            scheme.setdefault(column, row.get(column, ""))
    return {
        kind: {
            **{column: scheme[column] for column in ("name", "confidence", "note") if scheme[column]},
            "segments": "+".join(scheme["segments"]), "source": "; ".join(scheme["source"]),
        }
        for kind, scheme in found.items()
    }  # fmt: skip


def _complete(classes, digits):
    majors = {}
    for row in classes.values():
        row.setdefault("major_code", row["code"][:digits])
        row.setdefault("minor_code", row["code"][digits:])
        row.setdefault("enabled", "1")
        major = (row["kind"], row["major_code"])
        if "major_name" not in row and majors.get(major):
            row["major_name"] = majors[major]
        majors.setdefault(major, row.get("major_name", ""))


def stored(rows):
    """Return the product's rows (``core.profile_diff.profile_rows``) in the same form."""
    result = {}
    for sheet, part in rows.items():
        keys = KEYS.get(sheet)
        result[sheet] = {}
        for key, row in part.items():
            plain = {column: _stored(column, value) for column, value in row.items() if value not in (None, "")}
            if sheet in ("settings", "schemes"):
                result[sheet][key] = plain
            else:
                result[sheet][tuple(plain.get(column, "") for column in keys)] = plain
    return result


def _stored(column, value):
    if isinstance(value, bool):
        return "1" if value else "0"
    return float(value) if column in NUMBERS else str(value)
