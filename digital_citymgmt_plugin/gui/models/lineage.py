# SPDX-License-Identifier: GPL-2.0-or-later
"""The lineage of a unit grid as a tree: who it was above, what became of it below, a line for each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge.messages import template

_END = 6  # digits of a code in the tree: community and grid
MOST = 2_000  # lines: a grid with more kin is a city redrawn many times


def tr(text: str) -> str:
    """Translate a text of the lineage panel."""
    return QCoreApplication.translate("Lineage", text)


@dataclass
class Line:
    """A line of the tree: the version it stands for (``id`` of the answer), its cells, its tip."""

    version: str
    cells: tuple[str, str, str, str]
    tip: str = ""
    lines: list[Line] = field(default_factory=list)


def header() -> tuple[str, str, str, str]:
    """Return the headings."""
    return tr("Unit grid"), tr("Share"), tr("By"), tr("From – to")


def days(version: Mapping[str, Any]) -> str:
    """Return the days of a version."""
    return f"{version.get('first') or '…'} – {version.get('until') or tr('today')}"


def name_of(version: Mapping[str, Any]) -> str:
    """Return code and name of a version; which shape it is where there were several."""
    words = " ".join(str(version.get(key) or "") for key in ("code", "name")).strip()
    number = int(version.get("version") or 1)
    if number > 1 or version.get("status") == "reshaped":
        words = tr("{grid}, shape {number}").format(grid=words, number=number)
    return words


def short(version: Mapping[str, Any]) -> str:
    """Return the end of a version's code, as it stands on the map, and which shape it is where there were several."""
    words, number = str(version.get("code") or "")[-_END:], int(version.get("version") or 1)
    several = number > 1 or version.get("status") == "reshaped"
    return tr("{grid}, shape {number}").format(grid=words, number=number) if several else words


def status_of(version: Mapping[str, Any]) -> str:
    """Return what became of a version, in a word."""
    return {
        "current": tr("in force"), "retired": tr("retired"), "reshaped": tr("another shape since"),
    }.get(str(version.get("status")), "")  # fmt: skip


def tree(answer: Mapping[str, Any], *, forward: bool) -> list[Line]:
    """Return the lines under the grid itself; a version that is met again is not taken apart a second time."""
    versions = {str(one["id"]): one for one in answer["descendants" if forward else "ancestors"]}
    near, far = ("parent", "child") if forward else ("child", "parent")
    steps: dict[str, list[Mapping[str, Any]]] = {}
    for step in answer["became" if forward else "came"]:
        steps.setdefault(str(step[near]), []).append(step)
    seen: set[str] = set()
    made = [0]

    def under(version: str) -> list[Line]:
        lines = []
        for step in sorted(steps.get(version, []), key=lambda one: -float(one["share"])):
            other = str(step[far])
            if other not in versions or made[0] >= MOST:
                continue
            made[0] += 1
            line = Line(other, _cells(versions[other], step), _tip(versions[other], forward))
            if other not in seen:
                seen.add(other)
                line.lines = under(other)
            lines.append(line)
        return lines

    return under(str(answer["grid"]["id"]))


def _cells(version: Mapping[str, Any], step: Mapping[str, Any]) -> tuple[str, str, str, str]:
    kind = str(step["kind"])
    by = f"{step['day']} {template(f'operation.{kind}') or kind}"
    return short(version), f"{float(step['share']):.1%}", by, days(version)


def _tip(version: Mapping[str, Any], forward: bool) -> str:
    given, taken = f"{float(version['given']):.1%}", f"{float(version['taken']):.1%}"
    words = (
        tr("{given} of the grid's area lies in it; {taken} of its area came from the grid.")
        if forward
        else tr("{given} of its area lies in the grid; {taken} of the grid's area came from it.")
    )
    return f"{name_of(version)}\n{status_of(version)}\n{words.format(given=given, taken=taken)}"


def taken_back(answer: Mapping[str, Any]) -> list[Line]:
    """Return a line for each operation that changed the grid and holds no more: what, by whom taken back, its days."""
    lines = []
    for one in answer.get("taken_back") or ():
        kind = str(one["kind"])
        who = str(one.get("undone_by") or "")
        by = tr("taken back by {name}").format(name=who) if who else tr("taken back")
        cells = (template(f"operation.{kind}") or kind, "", by, f"{one['day']} – {one['undone_day']}")
        lines.append(Line("", cells, tr("Taken back on {day}: it counts nowhere.").format(day=one["undone_day"])))
    return lines


def told(answer: Mapping[str, Any]) -> str:
    """Return the line that stands above the tree."""
    grid = answer["grid"]
    words = tr("{grid}: {days}, {area} m², {status}.").format(
        grid=name_of(grid), days=days(grid), area=f"{float(grid['area_m2']):,.0f}", status=status_of(grid)
    )
    if not answer["ancestors"] and not answer["descendants"] and not answer.get("taken_back"):
        words += " " + tr("It has never been redrawn.")
    return words


def shapes(answer: Mapping[str, Any], versions: Sequence[str]) -> list[str]:
    """Return the shapes (WKB in hex) of versions."""
    known = {str(one["id"]): one for one in (answer["grid"], *answer["ancestors"], *answer["descendants"])}
    return [str(known[one]["wkb"]) for one in versions if one in known and known[one].get("wkb")]


def last_of(answer: Mapping[str, Any], *, forward: bool) -> list[str]:
    """Return the versions at the ends of the tree: where the grid lies today, or what it began as."""
    near = "parent" if forward else "child"
    inner = {str(step[near]) for step in answer["became" if forward else "came"]}
    return [str(one["id"]) for one in answer["descendants" if forward else "ancestors"] if str(one["id"]) not in inner]
