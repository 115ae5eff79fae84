# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of a case in words: rows of its fields, its component, its timeline and of what lies near."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge.captions import column_caption, value_captions
from digital_citymgmt_plugin.bridge.messages import template
from digital_citymgmt_plugin.gui.models.cases import FAMILY, minute, stage_words


def tr(text: str) -> str:
    """Translate a text of the page."""
    return QCoreApplication.translate("DispatchDock", text)


def metres(value: Any) -> str:
    """Return a distance in words, "" for none."""
    return "" if value is None else tr("{distance} m").format(distance=round(float(value)))


def case_rows(case: Mapping[str, Any]) -> list[list[str]]:
    """Return what and value of the columns of a case that say something."""

    def area(code: str, name: str) -> str:
        return " ".join(str(case[key]) for key in (code, name) if case.get(key))

    limit = ""
    if case.get("limit_value") is not None:
        unit = template(f"{FAMILY}.unit_{case['limit_unit']}") or str(case["limit_unit"] or "")
        limit = f"{case['limit_value']:g} {unit}"
    rows = [
        (tr("Address"), case["address"]), (tr("Description"), case["description"]),
        (tr("Condition"), case["condition"]), (tr("Source"), case["source"]),
        (tr("Department"), case["dept_name"] or case["dept_code"]), (tr("Due"), minute(case["due_at"])),
        (tr("Limit"), limit), (tr("Unit grid"), case["grid_code"]), (tr("Beat"), case["beat_name"]),
        (tr("Community"), area("community_code", "community_name")), (tr("Street"), area("street_code", "street_name")),
        (tr("Placed by"), _by("place_method", case["place_method"], case.get("place_score"))),
        (tr("Linked by"), _by("link_method", case["link_method"], case["link_score"])),
        (tr("Reported"), minute(case["reported_at"])), (tr("Filed"), minute(case["filed_at"])),
        (tr("Dispatched"), minute(case["dispatched_at"])), (tr("Disposed"), minute(case["disposed_at"])),
        (tr("Checked"), minute(case["checked_at"])), (tr("Closed"), minute(case["closed_at"])),
        (tr("Parked until"), case["parked_until"]), (tr("Returns"), case["returns"] or ""),
        (tr("Reworks"), case["reworks"] or ""), (tr("Extensions"), case["extensions"] or ""),
    ]  # fmt: skip
    rows += [(str(key), value) for key, value in case["attributes"].items()]
    return [[words, str(value)] for words, value in rows if value not in (None, "")]


def _by(column: str, method: Any, score: Any) -> str:
    if not method:
        return ""
    words = value_captions("case_record", column).get(str(method), str(method))
    return words if score is None else f"{words} ({float(score):.0%})"


def component_rows(card: Mapping[str, Any] | None) -> list[list[str]]:
    """Return what and value of the card of a component."""
    if card is None:
        return []
    rows = [
        (tr("Component"), card["code"]), (tr("Class of the component"), card["class_name"] or card["class_code"]),
        (tr("Name"), card["name"]), (tr("Managing department"), card["manager_dept_name"]),
        (tr("Owner"), card["owner_dept_name"]), (tr("Maintainer"), card["maintainer_dept_name"]),
        (tr("State"), card["state"]), (tr("Remark"), card["remark"]),
    ]  # fmt: skip
    return [[words, str(value)] for words, value in rows if value not in (None, "")]


def _amended(reason: Any) -> str:
    """Return what a correction changed, old and new, in the words of the columns."""
    try:
        changes = dict(json.loads(str(reason or "{}")))
        told = [(str(name), old, new) for name, (old, new) in changes.items() if name != "geom"]
    except (ValueError, TypeError):
        return str(reason)
    words = {name: column_caption("case_record", name) for name, _old, _new in told}
    values = {name: value_captions("case_record", name) for name in words}
    said = [(name, *("–" if one is None else values[name].get(str(one), one) for one in pair)) for name, *pair in told]
    return "; ".join(f"{words[name]}: {old} → {new}" for name, old, new in said)


def _beyond(payload: Mapping[str, Any]) -> str:
    """Return what a move says beyond its reason, in words; the role it was done in is not told again."""
    given = {str(key): value for key, value in payload.items() if key != "role" and value not in (None, "")}
    told = []
    if "amount" in given:
        unit = str(given.pop("unit", ""))
        amount = given.pop("amount")
        amount = f"{amount:g}" if isinstance(amount, (int, float)) else str(amount)
        told.append(f"{amount} {template(f'{FAMILY}.unit_{unit}') or unit}".strip())
    words = {"until": tr("until"), "level": tr("level"), "estimate": tr("estimate")}
    told += [str(given.pop("why"))] if "why" in given else []
    return ", ".join([*told, *(f"{words.get(key, key)} {value}" for key, value in given.items())])


def event_row(event: Mapping[str, Any]) -> list[str]:
    """Return the cells of an event of the timeline."""
    action = str(event["action"])
    told = _amended(event["reason"]) if action == "amend" else str(event["reason"] or "")
    told = "; ".join(part for part in (told, _beyond(event["payload"])) if part)
    source = str(event["source"] or "")
    return [
        minute(event["at"]), template(f"{FAMILY}.action_{action}") or action, stage_words(event["to_stage"]),
        str(event["dept_name"] or ""), str(event["done_by"] or ""), told,
        template(f"{FAMILY}.origin_{source}") or source,
    ]  # fmt: skip


def earlier_row(one: Mapping[str, Any]) -> list[str]:
    """Return the cells of an earlier case."""
    named = f"{one['class_code'] or ''} {one['class_name'] or ''}".strip()
    where = tr("same component") if one["why"] == "component" else metres(one["distance"])
    return [
        str(one["case_no"]), named, stage_words(one["stage"]), minute(one["reported_at"]), where,
        str(one["dept_name"] or ""),
    ]  # fmt: skip


def collector_row(one: Mapping[str, Any]) -> list[str]:
    """Return the cells of a collector near the case."""
    kind = tr("Collector of the beat") if one["own"] else tr("Collector")
    return [kind, str(one["name"]), metres(one["distance"]), minute(one["at"]), str(one["beat"] or "")]


def camera_row(one: Mapping[str, Any]) -> list[str]:
    """Return the cells of a camera near the case."""
    kind = tr("Camera that sees it") if one["sees"] else tr("Camera near it")
    return [kind, " ".join(str(one[key]) for key in ("code", "name") if one[key]), metres(one["distance"]), "", ""]
