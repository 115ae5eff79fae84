# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds of error in the values of a component: identity, class, owner, photos, dates, state, accuracy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from scripts.planting.copy import Copy, Row

Plant = Callable[[Copy, int], None]
POINT, LINE = "component_point", "component_line"
FUTURE = "2037-05-01"


def _simple(kind: str, rule: str, reason: str, values: Callable[[Copy, Row], dict[str, Any]],
            allowed: tuple[str, ...] = ()) -> Plant:  # fmt: skip
    """A kind that sets columns of one component."""

    def plant(copy: Copy, wanted: int) -> None:
        for row in copy.take(POINT, wanted):
            copy.change(row, **values(copy, row))
            copy.plant(kind, rule, row, reason, allowed=allowed)

    return plant


def _recoded(kind: str, rule: str, reason: str, code: Callable[[Copy, Row], str],
             allowed: tuple[str, ...] = ()) -> Plant:  # fmt: skip
    """A kind that gives another code, entered in the register so that the code alone is wrong."""

    def plant(copy: Copy, wanted: int) -> None:
        for row in copy.take(POINT, wanted):
            copy.recode(row, code(copy, row))
            copy.plant(kind, rule, row, reason, allowed=allowed)

    return plant


def _other_class(copy: Copy, row: Row) -> str:
    """A class beside the component's own: of the same geometry, in use."""
    own = copy.classes[row["class_code"]]
    fit = [code for code, entry in copy.classes.items() if code != row["class_code"] and entry["enabled"]
           and entry["geometry"] == own["geometry"] and entry["name"] != own["name"]]  # fmt: skip
    return str(fit[int(copy.rng.integers(len(fit)))])


def _short(copy: Copy, row: Row) -> str:
    return str(row["code"])[:-1] if copy.rng.random() < 0.5 else str(row["code"])[:-1] + "X"


def _foreign(copy: Copy, row: Row) -> str:
    return "110105" + str(row["code"])[6:]


def _misclassed(copy: Copy, row: Row) -> str:
    return copy.next_code(_other_class(copy, row))


def unregistered(copy: Copy, wanted: int) -> None:
    for row in copy.take(POINT, wanted):
        copy.connection.execute("DELETE FROM code_register WHERE code = ?", (row["code"],))
        copy.plant("code not in the register", "component.code_unregistered", row, "its register row was taken out")


def retired(copy: Copy, wanted: int) -> None:
    for row in copy.take(POINT, wanted):
        copy.connection.execute("UPDATE code_register SET status = 'retired' WHERE code = ?", (row["code"],))
        copy.plant("retired code in use", "component.code_retired", row, "its register row says retired")


def code_double(copy: Copy, wanted: int) -> None:
    """Over two layers: within one the store's index refuses it."""
    lines = copy.take(LINE, wanted)
    for line, point in zip(lines, copy.take(POINT, len(lines))):
        copy.change(line, code=point["code"])
        allowed = ("component.code_class", "component.code_unregistered")
        copy.plant("code of a point on a line", "component.code_double", line, "the code of a point", partner=point,
                   allowed=allowed)  # fmt: skip


def uuid_double(copy: Copy, wanted: int) -> None:
    lines = copy.take(LINE, wanted)
    for line, point in zip(lines, copy.take(POINT, len(lines))):
        copy.change(line, uuid=point["uuid"])
        sql = "UPDATE code_register SET object_uuid = ? WHERE code = ?"
        copy.connection.execute(sql, (point["uuid"], line["code"]))
        copy.plant("uuid of a point on a line", "component.uuid_double", point, "a line has its uuid", partner=line)


def source_double(copy: Copy, wanted: int) -> None:
    """Over two layers: within one the store's index refuses it."""
    lines = copy.take(LINE, wanted)
    for number, (line, point) in enumerate(zip(lines, copy.take(POINT, len(lines)))):
        key = point["import_key"] or f"planted/{number}"
        copy.change(point, import_key=key)
        copy.change(line, import_key=key)
        copy.plant("row of the source twice", "component.source_double", line, "the row of a point", partner=point)


def _cloned(kind: str, rule: str, reason: str, of_class: dict[str, Any], values: dict[str, Any]) -> Plant:
    """A kind that needs a class of its own: cloned beside a point class, components moved to it with sound codes."""

    def plant(copy: Copy, wanted: int) -> None:
        rows = copy.take(POINT, wanted)
        if not rows:
            return
        code = copy.new_class(rows[0]["class_code"], **of_class)
        for row in rows:
            copy.reclass(row, code, **values)
            copy.plant(kind, rule, row, reason)

    return plant


def class_geometry(copy: Copy, wanted: int) -> None:
    rows = copy.take(POINT, wanted)
    if rows:
        code = copy.new_class(rows[0]["class_code"], geometry="area")
        for row in rows:
            copy.reclass(row, code)
            copy.plant("point of an area class", "component.class_geometry", row, "the class is drawn as areas")


def merged(copy: Copy, wanted: int) -> None:
    rows, goes_on = copy.take(POINT, wanted), copy.take(POINT, 1)
    for row in rows:
        copy.change(row, merged_uuid=goes_on[0]["uuid"] if goes_on else row["uuid"], state="完好")
        copy.plant("merged, still there", "component.merged_state", row, "merged_uuid set, state 完好")


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return date(2014, 6, 1)


def _degrees(copy: Copy, row: Row) -> tuple[float, float]:
    from pyproj import Transformer

    to_degrees = getattr(copy, "to_degrees", None)
    if to_degrees is None:
        to_degrees = Transformer.from_crs(copy.meta["crs"], "EPSG:4326", always_xy=True).transform
        copy.to_degrees = to_degrees  # type: ignore[attr-defined]
    lon, lat = to_degrees(*row.xy)
    return float(lon), float(lat)


def _photo(kind: str, rule: str, reason: str, east: float, days: int) -> Plant:
    """A photo that is wrong in place (degrees east) or in time (days after the first date; beyond today if huge)."""

    def plant(copy: Copy, wanted: int) -> None:
        for row in copy.take(POINT, wanted):
            lon, lat = _degrees(copy, row)
            first = _day(row["first_on"])
            taken = (first + timedelta(days=days)).isoformat() if days < 9_000 else FUTURE
            copy.change(row, first_on=first.isoformat(), photo_count=1)
            copy.insert_into("photo", {
                "uuid": copy.new_uuid(), "object_uuid": row["uuid"], "path": f"planted/{row['code']}.jpg",
                "sha256": copy.rng.bytes(32).hex(), "taken_at": f"{taken}T02:00:00.000Z", "lon": lon + east, "lat": lat,
                "matched_by": "code"})  # fmt: skip
            copy.plant(kind, rule, row, reason)

    return plant


def _changed_before(copy: Copy, row: Row) -> dict[str, Any]:
    first = _day(row["first_on"])
    return {"first_on": first.isoformat(), "changed_on": (first - timedelta(days=40)).isoformat()}


def _bad_date(copy: Copy, row: Row) -> dict[str, Any]:
    wrong = ("2014-02-30", "2014-13-01", "soon", "20140801x")
    return {"first_on": wrong[int(copy.rng.integers(len(wrong)))]}


def _one(**values: Any) -> Callable[[Copy, Row], dict[str, Any]]:
    return lambda copy, row: values


KINDS: tuple[Plant, ...] = (
    _simple("code missing", "component.code_missing", "code is empty", _one(code=None)),
    _recoded("code of a wrong form", "component.code_form", "a digit short or a letter", _short),
    _recoded("code of another county", "component.code_county", "begins with 110105", _foreign),
    _recoded("code of another class", "component.code_class", "numbered in another class", _misclassed),
    unregistered,
    retired,
    code_double,
    uuid_double,
    source_double,
    _simple("class that there is not", "component.class_unknown", "class 9997", _one(class_code="9997", name="外来物"),
            ("component.code_class",)),
    _cloned("class not in use", "component.class_disabled", "the class is switched off", {"enabled": 0}, {}),
    class_geometry,
    _simple("name of another class", "component.class_name", "named like another class",
            lambda copy, row: {"name": copy.classes[_other_class(copy, row)]["name"]}),
    _simple("no name", "component.name_missing", "name is empty", _one(name=None)),
    _simple("no manager", "component.manager_missing", "manager_dept is empty", _one(manager_dept=None)),
    _simple("manager that there is not", "component.manager_unknown", "manager_dept Q777", _one(manager_dept="Q777")),
    _simple("owner that there is not", "component.owner_unknown", "owner_dept Q778", _one(owner_dept="Q778")),
    _simple("maintainer that there is not", "component.owner_unknown", "maintainer_dept Q779",
            _one(maintainer_dept="Q779")),
    _cloned("field that the class requires", "component.required_missing", "maintainer_dept is empty",
            {"required_fields": "maintainer_dept"}, {"maintainer_dept": None}),
    _cloned("fewer photos than the class asks", "component.photo_few", "two asked, none there", {"photo_count": 2},
            {"photo_count": None}),
    _simple("photos stated, none there", "component.photo_row_missing", "photo_count 3, no photo",
            _one(photo_count=3)),
    _photo("photo taken far away", "component.photo_far", "0.02 degrees east of it", 0.02, 0),
    _photo("photo older than the survey", "component.photo_old", "300 days before the first date", 0.0, -300),
    _photo("photo from the future", "component.photo_future", f"taken {FUTURE}", 0.0, 9_999),
    _simple("no first date", "component.first_missing", "first_on is empty", _one(first_on=None)),
    _simple("not a date", "component.date_form", "first_on is no day", _bad_date),
    _simple("date in the future", "component.date_future", f"first_on {FUTURE}", _one(first_on=FUTURE)),
    _simple("changed in the future", "component.date_future", f"changed_on {FUTURE}", _one(changed_on=FUTURE)),
    _simple("changed before it was there", "component.date_order", "changed_on before first_on", _changed_before),
    _simple("date long ago", "component.date_early", "first_on 1900-01-01", _one(first_on="1900-01-01")),
    _simple("no state", "component.state_missing", "state is empty", _one(state=None)),
    _simple("state that there is not", "component.state_unknown", "state 飞走", _one(state="飞走")),
    _simple("gone without a date", "component.state_date", "移除, changed_on empty",
            _one(state="移除", changed_on=None)),
    merged,
    _simple("accuracy that is none", "component.accuracy_unknown", "accuracy 很准", _one(accuracy="很准")),
    _cloned("less accurate than asked", "component.accuracy_worse", "C where A is asked", {"accuracy": "A"},
            {"accuracy": "C"}),
)  # fmt: skip
