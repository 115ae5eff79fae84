# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the slips of cases, in the user's words and the city's time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.cases import queues, slips
from digital_citymgmt_plugin.core.cases.lamps import LAMPS
from digital_citymgmt_plugin.core.cases.slips import Sheet, shown
from digital_citymgmt_plugin.core.cases.times import from_text, to_local
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.core.requests_slips import ReadSlips
from digital_citymgmt_plugin.services.dispatch.holding import CASES, boards
from digital_citymgmt_plugin.services.dispatch.listing import moment_of, read_cases
from digital_citymgmt_plugin.services.dispatch.page import component_of, events_of, name_places, photos_of
from digital_citymgmt_plugin.services.duty import explain
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issue_lists import told
from digital_citymgmt_plugin.services.slips.choosing import check_kind

_HOW = {"geom", "place_method", "place_score"}  # how a place was found: codes, of no use on paper
_MORE = ("disposed_at", "feedback_at", "limit_value", "limit_unit", "place_method")
_DASH = "–"
_PART = 200


def read_slips(context: Context, request: ReadSlips) -> dict[str, Any]:
    """Tell the slips of some cases; nothing is written.

    Returns
    -------
    dict
        ``slips``: ``core.cases.slips.Sheet`` as dicts, one for each case, one for all of a list of parked cases;
        ``words``: the few words that stand around them; counts ``slips``.

    Raises
    ------
    InputRefused
        ``slip.kind``, ``dispatch.no_case``.
    """
    check_kind(request.kind)
    sheets = make_sheets(context, request.kind, request.cases, request.names)
    counts = {"slips": len(sheets)}
    answer: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": []}
    words = {name: word(context, name) for name in ("map", "photos", "timeline", "left_out", "page_of")}
    return {**answer, "slips": [sheet.told() for sheet in sheets], "words": words}


def make_sheets(context: Context, kind: str, fids: list[int], names: Mapping[str, Any]) -> list[Sheet]:
    """Return the sheets of some cases."""
    telling = _Telling(context, kind)
    if kind == slips.PARKED_LIST:
        return [telling.parked_list(fids)]
    sheets = []
    for start in range(0, len(fids), _PART):
        part = fids[start : start + _PART]
        cases = telling.read(part)
        for number, case in enumerate(cases):
            context.progress((start + number) / len(fids), "progress.slips")
            context.cancel.check()
            sheets.append(telling.sheet(case, str(names.get(str(case["fid"])) or "")))
    return sheets


def word(context: Context, name: str) -> str:
    """Return a word of the slips in the user's language; its code where none was sent along."""
    return str((context.sentences or {}).get(f"slip.{name}", name))


class _Telling:
    """Reads cases and puts them into words."""

    def __init__(self, context: Context, kind: str) -> None:
        self.context, self.kind = context, kind
        self.store: Store = context.need_store()
        self.zone = self.store.meta()["time_zone"]
        self.words = context.sentences or {}
        self.now = moment_of(context)
        self.board = boards(context).open
        self.lit = queues.lamps(self.board, self.now)

    def desk(self, part: str, name: Any) -> str:
        """Return a word of the dispatch desk."""
        return str(self.words.get(f"dispatch.{part}_{name}", name or ""))

    def at(self, text: Any) -> str:
        moment = to_local(from_text(objects([text])), self.zone)[0]
        return "" if str(moment) == "NaT" else str(moment)[:16].replace("T", " ")

    def read(self, fids: list[int]) -> list[dict[str, Any]]:
        """Read cases with their lamp, names of areas, events, photos, component, and who answers for them."""
        cases = read_cases(self.store, np.array(fids, dtype=np.int64), self.now)
        more = self.store.read(CASES, ["fid", *_MORE], [("fid", "in", fids)])
        rows = {fid: at for at, fid in enumerate(more["fid"].tolist())}
        duties = {one["fid"]: one for one in explain(self.context, self.store, [case["fid"] for case in cases])}
        for case in cases:
            case.update({name: more[name][rows[case["fid"]]] for name in _MORE})
            at = self.board.rows_of(np.array([case["fid"]], dtype=np.int64))
            case["lamp"] = LAMPS[int(self.lit[at[0]])] if len(at) else ""
            name_places(self.store, case)
            case["events"] = events_of(self.store, case["fid"])
            case["photos"] = photos_of(self.store, case)
            case["card"] = component_of(self.store, case["component_uuid"])
            case["duty"] = duties[case["fid"]]
        return cases

    def sheet(self, case: dict[str, Any], stem: str) -> Sheet:
        """Return the sheet of one case."""
        left = []
        placed = case["x"] is not None and case["y"] is not None
        if not placed:
            left.append(word(self.context, "no_place"))
        most = slips.MOST_PHOTOS[self.kind]
        photos = [str(photo["path"]) for photo in case["photos"]]
        if len(photos) > most:
            left.append(word(self.context, "more_photos").format(count=len(photos) - most))
        table: list[list[str]] = []
        header: list[str] = []
        if self.kind == slips.DOSSIER:
            header = [word(self.context, f"column_{name}") for name in slips.TIMELINE_COLUMNS]
            table = [self.step(event) for event in case["events"]]
        title = "dossier_parked" if self.kind == slips.DOSSIER and case["stage"] == "parked" else self.kind
        lines = [[word(self.context, f"line_{name}"), self.line(name, case)] for name in slips.LINES[self.kind]]
        stem = stem if slips.stem_of(stem) == stem else ""  # names come from ``slip_cases``; others are not taken
        return Sheet(
            kind=self.kind, fid=int(case["fid"]),
            stem=stem or slips.stem_of(f"{case['case_no'] or 'case'}_{case['fid']}"),
            title=f"{self.city()}{word(self.context, f'title_{title}')}".strip(), lines=lines, header=header,
            rows=table, place=[float(case["x"]), float(case["y"])] if placed else None, lamp=case["lamp"],
            photos=photos[:most], signs=[word(self.context, f"sign_{name}") for name in slips.SIGNS[self.kind]],
            left_out=left,
        )  # fmt: skip

    def city(self) -> str:
        name = shown(self.store.meta().get("county_name"), 40)
        return f"{name} " if name else ""

    def line(self, name: str, case: dict[str, Any]) -> str:
        """Return the text of one line, a dash for what is not known."""
        special: dict[str, Callable[[dict[str, Any]], str]] = {
            "class": self._class, "place": self._place, "grid": self._grid, "component": self._component,
            "limit": self._limit, "due": self._due, "department": self._department,
            "stage": lambda one: self.desk("stage", one["stage"]),
            "overdue": self._overdue,
            "supervise_reason": lambda one: self._reason(one, "supervise"),
            "supervise_due": self._supervised_until,
            "parked_reason": lambda one: self._reason(one, "park"),
            "department_says": lambda one: self._reason(one, "feedback") or self._reason(one, "dispose"),
        }  # fmt: skip
        if name in special:
            text = special[name](case)
        elif name.endswith("_at"):
            text = self.at(case[name])
        else:
            text = shown(case.get(name))
        return shown(text) or _DASH

    def _class(self, case: dict[str, Any]) -> str:
        return _joined(case["class_code"], case["class_name"])

    def _place(self, case: dict[str, Any]) -> str:
        place = f"({case['x']:.1f}, {case['y']:.1f})" if case["x"] is not None else ""
        return _joined(case["address"], place)

    def _grid(self, case: dict[str, Any]) -> str:
        street, community = (case[f"{level}_name"] or case[f"{level}_code"] for level in ("street", "community"))
        beat = f"{word(self.context, 'beat')} {case['beat_name']}" if case["beat_name"] else ""
        return " / ".join(shown(part) for part in (case["grid_code"], beat, community, street) if part)

    def _component(self, case: dict[str, Any]) -> str:
        card = case["card"]
        if card is None:
            return shown(case["component_code"])
        people = (
            f"{word(self.context, f'line_{name}')} {card[f'{name}_name']}"
            for name in ("manager_dept", "owner_dept", "maintainer_dept")
            if card[f"{name}_name"]
        )
        return "; ".join(shown(part) for part in (_joined(card["code"], card["name"]), card["state"], *people) if part)

    def _limit(self, case: dict[str, Any]) -> str:
        if not case["limit_value"] or case["limit_value"] != case["limit_value"]:
            return ""
        return f"{float(case['limit_value']):g} {self.desk('unit', case['limit_unit'])}"

    def _due(self, case: dict[str, Any]) -> str:
        lamp = self.desk("lamp", case["lamp"]) if case["lamp"] else ""
        due = self.at(case["due_at"])
        return f"{due}   [{lamp}]" if lamp and due else due

    def _overdue(self, case: dict[str, Any]) -> str:
        due, end = from_text(objects([case["due_at"], case["disposed_at"] or case["closed_at"]]))
        late = ((self.now if np.isnat(end) else end) - due) / np.timedelta64(1, "h")
        return word(self.context, "hours_late").format(hours=f"{late:,.1f}") if late == late and late > 0 else ""

    def _department(self, case: dict[str, Any]) -> str:
        duty = case["duty"]
        named = shown(case["dept_name"] or case["dept_code"])
        fired = duty["fired"] or "nobody"
        why = told(self.words, "duty", "fired", fired)
        if named and duty["department"] == case["dept_code"]:
            return f"{named} ({why})"
        proposed = word(self.context, "by_rule").format(department=shown(duty["dept_name"]) or _DASH, rule=why)
        return f"{named}; {proposed}" if named else proposed

    def _supervised_until(self, case: dict[str, Any]) -> str:
        """Return until when the newest supervision wants an answer, and its level."""
        rows = self.store.read("supervision", ["due_at", "level"], [("case_fid", "=", int(case["fid"]))], ["fid"])
        if not len(rows["due_at"]):
            return ""
        level = f"({word(self.context, 'level').format(level=rows['level'][-1])})" if rows["level"][-1] else ""
        return _joined(self.at(rows["due_at"][-1]), level)

    def _reason(self, case: dict[str, Any], action: str) -> str:
        found = [event["reason"] for event in case["events"] if event["action"] == action and event["reason"]]
        return shown(found[-1]) if found else ""

    def step(self, event: dict[str, Any]) -> list[str]:
        """Return one line of a timeline."""
        said = self.amended(event["reason"]) if event["action"] == "amend" else event["reason"]
        said = said or ", ".join(f"{key}: {value}" for key, value in event["payload"].items())
        cells = (
            self.at(event["at"]), self.desk("action", event["action"]), self.desk("stage", event["to_stage"]),
            event["done_by"], event["dept_name"], said,
        )  # fmt: skip
        return [shown(cell, 300) for cell in cells]

    def amended(self, reason: Any) -> str:
        """Return what was corrected, from what to what; the reason itself where it is none of ours."""
        try:
            changes = json.loads(reason or "")
            parts = [
                (str(name), *(shown(one, 80) or _DASH for one in pair))
                for name, pair in changes.items() if name not in _HOW or not changes.keys() - _HOW
            ]  # fmt: skip
            return "; ".join(f"{self.desk('column', name)}: {old} → {new}" for name, old, new in parts)
        except (AttributeError, TypeError, ValueError):
            return str(reason or "")

    def parked_list(self, fids: list[int]) -> Sheet:
        """Return the list of those among some cases that are parked."""
        rows: list[list[str]] = []
        others = 0
        for start in range(0, len(fids), _PART):
            for case in self.read(fids[start : start + _PART]):
                self.context.cancel.check()
                if case["stage"] != "parked":
                    others += 1
                    continue
                parked = [event["at"] for event in case["events"] if event["action"] == "park"]
                cells = (
                    len(rows) + 1, case["case_no"], self._class(case), self._place(case),
                    case["dept_name"] or case["dept_code"], self.at(parked[-1]) if parked else "",
                    case["parked_until"], self._reason(case, "park"),
                )  # fmt: skip
                rows.append([shown(cell, 300) for cell in cells])
        left = [word(self.context, "not_parked").format(count=others)] if others else []
        return Sheet(
            kind=self.kind, fid=0, stem=slips.stem_of(word(self.context, "title_parked_list")),
            title=f"{self.city()}{word(self.context, 'title_parked_list')}", rows=rows,
            header=[word(self.context, f"column_{name}") for name in slips.PARKED_COLUMNS],
            signs=[word(self.context, f"sign_{name}") for name in slips.SIGNS[self.kind]], left_out=left,
        )  # fmt: skip


def _joined(*parts: Any) -> str:
    return " ".join(dict.fromkeys(shown(part) for part in parts if part))
