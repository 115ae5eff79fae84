# SPDX-License-Identifier: GPL-2.0-or-later
"""The sheets of a profile workbook as data, and how rows on top of a base edition become a profile."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from digital_citymgmt_plugin.core.codes import (
    COMPONENT,
    EDITIONS,
    KINDS,
    UNIT_GRID,
    CodeScheme,
    scheme_from_dict,
    scheme_of,
)
from digital_citymgmt_plugin.core.errors import CodeError, ProfileError
from digital_citymgmt_plugin.core.ports import Formula
from digital_citymgmt_plugin.core.profile import DEFAULT_SETTINGS, EVENT, LIMIT_UNITS, ClassEntry, Profile
from digital_citymgmt_plugin.storage.profiles import (
    builtin_counts,
    builtin_profile,
    class_entry,
    department,
    filing_rule,
    indicator,
)

# Sheet → its Chinese name, and its columns with their Chinese headings.
SHEETS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "settings": ("城市", {"key": "项目", "value": "值"}),
    "schemes": (
        "编码",
        {
            "kind": "对象", "name": "名称", "segment": "码段", "digits": "位数", "source": "来源",
            "confidence": "可信度", "note": "备注",
        },
    ),
    "classes": (
        "类别",
        {
            "kind": "对象", "code": "代码", "major_code": "大类代码", "major_name": "大类",
            "minor_code": "小类代码", "name": "小类", "geometry": "几何", "accuracy": "精度", "tolerance_m": "容差米",
            "department_code": "主管部门", "confidence": "可信度", "enabled": "启用",
        },
    ),
    "departments": ("部门", {"code": "代码", "name": "名称", "parent_code": "上级", "kind": "类型"}),
    "filing_standard": (
        "立案标准",
        {
            "class_code": "类别代码", "kind": "对象", "condition_no": "序号", "condition": "立案条件",
            "limit_value": "时限", "limit_unit": "时限单位", "closing_condition": "结案条件", "confidence": "可信度",
        },
    ),
    "indicators": (
        "指标",
        {
            "code": "代码", "name": "名称", "numerator": "分子", "denominator": "分母", "unit": "单位",
            "direction": "方向", "confidence": "可信度", "source": "来源",
        },
    ),
}  # fmt: skip

KEYS: Mapping[str, tuple[str, ...]] = {
    "classes": ("kind", "code"),
    "departments": ("code",),
    "filing_standard": ("kind", "class_code", "condition_no"),
    "indicators": ("code",),
}
# Lines of the sheet ``settings`` that are no settings of the profile itself.
OWN_LINES = ("name", "edition", "version", "base", "replace")
CLEAR = "-"  # in a row on top of the base: leave this cell empty; a blank cell keeps the base's value

_WHOLE = ("digits", "condition_no")
_REAL = ("tolerance_m", "limit_value")
_WORDS: Mapping[str, Mapping[str, str]] = {
    "kind": {"部件": COMPONENT, "事件": EVENT, "事项": EVENT, "matter": EVENT, "单元网格": UNIT_GRID},
    "geometry": {"点": "point", "线": "line", "面": "area"},
    "limit_unit": {**{chinese: unit for unit, chinese in LIMIT_UNITS.items()}, "紧急工作日": "calendar_day"},
    "direction": {"高": "higher", "低": "lower"},
    "enabled": {"是": "1", "否": "0", "true": "1", "false": "0", "True": "1", "False": "0"},
}
_MAKE: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "classes": class_entry,
    "departments": department,
    "filing_standard": filing_rule,
    "indicators": indicator,
}
_PARTS = {
    "classes": "classes", "departments": "departments", "filing_standard": "filing_rules", "indicators": "indicators",
}  # fmt: skip


@dataclass(frozen=True)
class SheetRows:
    """The rows of one sheet as read: number and cells by column name; ``letters`` name the columns for the user."""

    rows: list[tuple[int, dict[str, Any]]]
    letters: Mapping[str, str] = field(default_factory=dict)


class ProfileRows:
    """Make a profile from sheets; the first fault refuses the whole with file, sheet, row and column."""

    def __init__(self, file: str, sheets: Mapping[str, SheetRows]) -> None:
        self._file = file
        self._sheets = sheets
        self._row_of: dict[tuple[str, str], int] = {}

    def profile(self) -> Profile:
        """Return the profile.

        Raises
        ------
        ProfileError
            ``profile.no_edition``, ``profile.no_scheme``, the codes of ``Profile.check`` and those for single cells.
        """
        lines = self._settings()
        base = self._base(lines.get("base", ""))
        edition = lines.get("edition") or (base.edition if base else "")
        if not edition:
            raise ProfileError("profile.no_edition", file=self._file, editions=", ".join(EDITIONS))
        own = {key: value for key, value in lines.items() if key not in OWN_LINES}
        schemes = self._schemes(edition, base)
        draft = Profile(
            name=lines.get("name") or edition,
            edition=edition,
            version=lines.get("version") or "1",
            grid_scheme=schemes[UNIT_GRID],
            component_scheme=schemes[COMPONENT],
            counts=builtin_counts(),
            settings={**(base.settings if base else DEFAULT_SETTINGS), **own},
        )
        replaced = self._replaced(lines.get("replace", ""))
        parts: dict[str, Any] = {
            part: self._merge(sheet, base, sheet in replaced, draft) for sheet, part in _PARTS.items()
        }
        if "indicators" not in self._sheets and base is None:
            parts["indicators"] = builtin_profile(EDITIONS[-1]).indicators
        result = _without_dangling(replace(draft, **parts), self._row_of)
        for reason, values in result.check():
            row = self._row_of.get((values["table"], values["key"]), 0)
            raise ProfileError(reason, **{**values, "file": self._file, "row": row})
        return result

    def _fault(self, reason: str, sheet: str, row: int, column: str, value: Any, **more: Any) -> ProfileError:
        letters = self._sheets[sheet].letters if sheet in self._sheets else {}
        shown = f"{letters[column]} ({column})" if column in letters else column
        return ProfileError(reason, file=self._file, table=sheet, row=row, column=shown, value=str(value), **more)

    def _settings(self) -> dict[str, str]:
        lines: dict[str, str] = {}
        for row, cells in self._rows("settings"):
            key, value = str(cells.get("key", "")), str(cells.get("value", ""))
            if not key or key in lines:
                raise self._fault(
                    "profile.duplicate" if key else "profile.no_key", "settings", row, "key", key, key=key
                )
            lines[key] = value
            self._row_of["settings", key] = row
        return lines

    def _base(self, name: str) -> Profile | None:
        if name and name not in EDITIONS:
            row = self._row_of["settings", "base"]
            raise self._fault("profile.unknown_base", "settings", row, "value", name, editions=", ".join(EDITIONS))
        return builtin_profile(name) if name else None

    def _replaced(self, text: str) -> list[str]:
        names = [name.strip() for name in text.replace("，", ",").split(",") if name.strip()]
        for name in names:
            if name not in _PARTS:
                row = self._row_of["settings", "replace"]
                raise self._fault("profile.wrong_sheet", "settings", row, "value", name, sheets=", ".join(_PARTS))
        return names

    def _schemes(self, edition: str, base: Profile | None) -> dict[str, CodeScheme]:
        found: dict[str, CodeScheme] = {}
        if base:
            found = {UNIT_GRID: base.grid_scheme, COMPONENT: base.component_scheme}
        elif edition in EDITIONS:
            found = {kind: scheme_of(edition, kind) for kind in KINDS}
        listed: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for row, cells in self._rows("schemes"):
            kind = str(cells.get("kind", ""))
            if kind not in KINDS:
                raise self._fault("profile.wrong_value", "schemes", row, "kind", kind, key=kind)
            if not cells.get("digits"):
                raise self._fault("profile.not_a_number", "schemes", row, "digits", "", key=kind)
            listed.setdefault(kind, []).append((row, cells))
        for kind, rows in listed.items():
            self._row_of["schemes", kind] = rows[0][0]
            head = rows[0][1]
            values = {
                **{name: head.get(name, "") for name in ("name", "confidence", "note")},
                "kind": kind,
                "edition": edition,
                "segments": [(cells.get("segment", ""), cells["digits"], cells.get("source", "")) for _, cells in rows],
            }
            try:
                found[kind] = scheme_from_dict(values)
            except CodeError as error:
                problem = str(error.values.get("problem", ""))
                raise self._fault("profile.bad_scheme", "schemes", rows[0][0], "segment", problem, key=kind) from None
        for kind in KINDS:
            if kind not in found:
                raise ProfileError("profile.no_scheme", file=self._file, kind=kind, editions=", ".join(EDITIONS))
        return found

    def _merge(self, sheet: str, base: Profile | None, replaced: bool, draft: Profile) -> tuple[Any, ...]:
        kept = getattr(base, _PARTS[sheet]) if base and not replaced else ()
        entries = {_key(sheet, vars(entry)): entry for entry in kept}
        majors = {(entry.kind, entry.major_code): entry.major_name for entry in kept if isinstance(entry, ClassEntry)}
        for row, cells in self._rows(sheet):
            for column in KEYS[sheet]:
                if not cells.get(column):
                    raise self._fault("profile.no_key", sheet, row, column, "", key="")
            key = _key(sheet, cells)
            if (sheet, key) in self._row_of:
                first = self._row_of[sheet, key]
                raise self._fault("profile.duplicate", sheet, row, KEYS[sheet][-1], key, key=key, first=first)
            self._row_of[sheet, key] = row
            values = dict(vars(entries[key])) if key in entries else {}
            values.update({name: "" if value == CLEAR else value for name, value in cells.items() if value != ""})
            if sheet == "classes":
                _complete_class(values, draft, majors)
            entries[key] = _MAKE[sheet](values)
        return tuple(entries.values())

    def _rows(self, sheet: str) -> Iterable[tuple[int, dict[str, Any]]]:
        for row, cells in self._sheets[sheet].rows if sheet in self._sheets else ():
            values = {column: self._value(sheet, row, column, value) for column, value in cells.items()}
            if any(value != "" for value in values.values()):
                yield row, values

    def _value(self, sheet: str, row: int, column: str, value: Any) -> Any:
        if isinstance(value, Formula):
            raise self._fault("profile.formula", sheet, row, column, value, key="")
        if value is None or (isinstance(value, str) and not value.strip()):
            return ""
        if isinstance(value, (datetime.date, datetime.time, datetime.timedelta, list, dict)):
            raise self._fault("profile.not_text", sheet, row, column, value, key="")
        if column in _WHOLE or column in _REAL:
            return self._number(sheet, row, column, value)
        if isinstance(value, bool):
            value = "1" if value else "0"
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = str(value).strip()
        return _WORDS.get(column, {}).get(text, text)

    def _number(self, sheet: str, row: int, column: str, value: Any) -> Any:
        if value == CLEAR and column in _REAL:
            return CLEAR
        try:
            number = float(value)
            if isinstance(value, bool) or not math.isfinite(number) or (column in _WHOLE and not number.is_integer()):
                raise ValueError(value)
        except (TypeError, ValueError, OverflowError):
            raise self._fault("profile.not_a_number", sheet, row, column, value, key="") from None
        return int(number) if column in _WHOLE else number


def _key(sheet: str, values: Mapping[str, Any]) -> str:
    return " ".join(str(values[column]) for column in KEYS[sheet])


def _complete_class(values: dict[str, Any], draft: Profile, majors: dict[tuple[str, str], str]) -> None:
    """Take major and minor code out of the code, and the name of the major class from its other classes."""
    digits = draft.component_scheme.digits("major")
    values["major_code"] = values.get("major_code") or values["code"][:digits]
    values["minor_code"] = values.get("minor_code") or values["code"][digits:]
    major = (values["kind"], values["major_code"])
    values["major_name"] = values.get("major_name") or majors.get(major, "")
    majors.setdefault(major, values["major_name"])


def _without_dangling(profile: Profile, row_of: Mapping[tuple[str, str], int]) -> Profile:
    """Drop what the base says of classes and departments that the file replaced; the file's own rows stay."""
    codes = {entry.code for entry in profile.departments}
    known = {(entry.kind, entry.code) for entry in profile.classes}
    classes = tuple(
        replace(entry, department_code="")
        if entry.department_code not in codes and ("classes", _key("classes", vars(entry))) not in row_of
        else entry
        for entry in profile.classes
    )
    rules = tuple(
        rule
        for rule in profile.filing_rules
        if (rule.kind, rule.class_code) in known or ("filing_standard", _key("filing_standard", vars(rule))) in row_of
    )
    return replace(profile, classes=classes, filing_rules=rules)
