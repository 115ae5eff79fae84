# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of the checks against brute force: one component after the other, one pair after the other."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.census.check_pack import Rule, adjust
from digital_citymgmt_plugin.core.census.checks import CHECKS, PAIRS, City, ClassInfo, Part
from digital_citymgmt_plugin.core.census.checks.doubles import Everything
from digital_citymgmt_plugin.core.census.totals import tie_parts
from digital_citymgmt_plugin.core.codes import scheme_of
from digital_citymgmt_plugin.storage.profiles import check_rules

RULES = {rule.code: rule for rule in check_rules()}
CLASSES = {
    "0101": ClassInfo("0101", "上水井盖", "point", "A", photos=1, required=("owner_dept",), duplicate_m=0.85),
    "0306": ClassInfo("0306", "路灯", "point", "B", enabled=False),
    "0507": ClassInfo("0507", "水域护栏", "line", "C"),
}
TODAY = "2026-01-15"


def column(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def made(source, size=400):
    """Components of which every value is now right, now wrong, now missing."""

    def pick(*values):
        return column([values[at] for at in source.integers(0, len(values), size)])

    codes = ("3206810101000001", "3206810306000002", "1101050101000003", "320681010100000", "32068101010000X4",
             "3206810101000000", "", None)  # fmt: skip
    columns = {
        "fid": np.arange(1, size + 1), "uuid": column([str(at) for at in range(size)]), "code": pick(*codes),
        "class_code": pick("0101", "0306", "0507", "9999"), "name": pick("上水井盖", "路灯", "古井", "", None),
        "manager_dept": pick("D01", "Q9", None), "owner_dept": pick("D01", "Q9", " ", None),
        "maintainer_dept": pick("D01", "Q9", None), "grid_code": pick("G1", "G2", "G9", None),
        "community_code": pick("C1", "C2", None), "state": pick("完好", "移除", "飞走", "", None),
        "first_on": pick("2014-01-01", "2014-02-30", "1900-01-01", "2030-01-01", None),
        "changed_on": pick("2015-01-01", "2010-01-01", "soon", None), "accuracy": pick("A", "B", "0.7", "很准", None),
        "photo_count": pick(0, 1, None), "merged_uuid": pick("7", None, None), "attributes": pick(None),
        "import_key": pick(None), "remark": pick(None), "source": pick(None),
    }  # fmt: skip
    xy = source.uniform(-50, 250, (size, 2))
    xy[::17] = np.nan
    xy[::31] = 0.0
    return Part("component_point", columns, xy, column([None] * size))


def city():
    grids = column([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)])
    return City(
        classes=CLASSES, departments=frozenset(("D01",)), scheme=scheme_of("2013", "component"), county="320681",
        today=TODAY, grids=grids, grid_codes=column(["G1", "G2"]), grid_communities=column(["C1", "C2"]),
        areas=column([shapely.box(0, 0, 200, 200)]),
        register=np.array([b"3206810101000001", b"3206810306000002"]), retired=np.array([False, True]),
    )  # fmt: skip


def is_day(text):
    try:
        date.fromisoformat(text)
    except (TypeError, ValueError):
        return False
    return True


def blank(value):
    return value is None or not value.strip()


def there(row):
    return row["state"] != "移除" and row["merged_uuid"] is None


def cell(x, y):
    return next((n for n in (0, 1) if n * 100 <= x <= n * 100 + 100 and 0 <= y <= 100), -1)


def lies(row):
    x, y = row["xy"]
    return np.isfinite(x) and (x, y) != (0, 0)


def in_city(row):
    return lies(row) and 0 <= row["xy"][0] <= 200 and 0 <= row["xy"][1] <= 200


SCHEME = scheme_of("2013", "component")
GOOD = ("", "codes.other_county")
ORACLES = {
    "code_missing": lambda r: not r["code"],
    "code_form": lambda r: bool(r["code"]) and SCHEME.check(r["code"], "320681") not in GOOD,
    "code_county": lambda r: SCHEME.check(r["code"], "320681") == "codes.other_county",
    "code_class": lambda r: SCHEME.check(r["code"]) == "" and r["code"][6:10] != r["class_code"],
    "code_unregistered": lambda r: SCHEME.check(r["code"]) == "" and r["code"][-1] not in "12",
    "code_retired": lambda r: SCHEME.check(r["code"]) == "" and r["code"][-1] == "2" and there(r),
    "merged_state": lambda r: r["merged_uuid"] is not None and r["state"] != "移除",
    "class_unknown": lambda r: r["class_code"] == "9999",
    "class_disabled": lambda r: r["class_code"] == "0306",
    "class_geometry": lambda r: r["class_code"] == "0507",
    "class_name": lambda r: r["class_code"] in CLASSES and r["name"] in ("上水井盖", "路灯")
    and CLASSES[r["class_code"]].name != r["name"],
    "name_missing": lambda r: blank(r["name"]),
    "manager_missing": lambda r: blank(r["manager_dept"]),
    "manager_unknown": lambda r: r["manager_dept"] == "Q9",
    "owner_missing": lambda r: blank(r["owner_dept"]),
    "owner_unknown": lambda r: "Q9" in (r["owner_dept"], r["maintainer_dept"]),
    "required_missing": lambda r: r["class_code"] == "0101" and blank(r["owner_dept"]),
    "photo_few": lambda r: r["class_code"] == "0101" and not r["photo_count"] and there(r),
    "first_missing": lambda r: r["first_on"] is None,
    "date_form": lambda r: any(v is not None and not is_day(v) for v in (r["first_on"], r["changed_on"])),
    "date_future": lambda r: any(is_day(v) and v > TODAY for v in (r["first_on"], r["changed_on"])),
    "date_early": lambda r: any(is_day(v) and v < "1950" for v in (r["first_on"], r["changed_on"])),
    "date_order": lambda r: is_day(r["first_on"]) and is_day(r["changed_on"]) and r["changed_on"] < r["first_on"],
    "state_missing": lambda r: blank(r["state"]),
    "state_unknown": lambda r: r["state"] == "飞走",
    "state_date": lambda r: r["state"] == "移除" and r["changed_on"] is None,
    "accuracy_missing": lambda r: r["accuracy"] is None,
    "accuracy_unknown": lambda r: r["accuracy"] == "很准",
    "accuracy_worse": lambda r: (r["class_code"], r["accuracy"]) in (("0101", "B"), ("0101", "0.7")),
    "geometry_missing": lambda r: not np.isfinite(r["xy"][0]),
    "coordinates": lambda r: tuple(r["xy"]) == (0, 0),
    "outside_county": lambda r: lies(r) and not in_city(r),
    "outside_grid": lambda r: in_city(r) and cell(*r["xy"]) < 0,
    "grid_missing": lambda r: lies(r) and cell(*r["xy"]) >= 0 and r["grid_code"] is None,
    "grid_differs": lambda r: lies(r) and cell(*r["xy"]) >= 0
    and r["grid_code"] not in (None, ("G1", "G2")[cell(*r["xy"])]),
    "far_away": lambda r: False,
}  # fmt: skip


@pytest.mark.parametrize("name", ORACLES)
def test_a_rule_finds_what_looking_at_each_component_finds(name):
    for seed in range(3):
        part = made(np.random.default_rng(seed))
        rows = [dict(zip([*part.columns, "xy"], values)) for values in zip(*part.columns.values(), part.xy)]
        code = f"component.{name}"
        found = CHECKS[code](part, city(), RULES[code].params)
        assert found.rows.tolist() == [at for at, row in enumerate(rows) if ORACLES[name](row)]
        assert all(len(values) == len(found) for values in found.values.values())


def test_rules_say_nothing_of_nothing():
    part = made(np.random.default_rng(1), 0)
    assert all(len(rule(part, city(), RULES[code].params)) == 0 for code, rule in CHECKS.items())


@pytest.mark.parametrize("seed", range(5))
def test_pairs_are_those_of_all_against_all(seed):
    source = np.random.default_rng(seed)
    size = 300
    xy = np.round(source.uniform(0, 8, (size, 2)), 1)
    xy[::23] = np.nan
    keys = source.integers(0, 200, size)
    every = Everything(
        np.sort(source.integers(0, 2, size)).astype(np.int8), np.arange(size), xy,
        source.integers(0, 2, size).astype(np.int32), ["0101", "0306"], keys, keys, keys, source.random(size) > 0.2,
        source.random(size) > 0.3,
    )  # fmt: skip
    for name, same, limits in (("near_double", True, (0.85, 0.25)), ("same_spot", False, (0.15, 0.15))):
        expected = {}
        for later in range(size):
            twins = (every.class_of == every.class_of[later]) & (xy == xy[later]).all(axis=1) & every.there
            if not same and later not in np.flatnonzero(twins & (every.table == 0))[:1].tolist():
                continue  # a near double
            for earlier in range(later):
                one, two = every.class_of[later], every.class_of[earlier]
                away = np.hypot(*(xy[later] - xy[earlier]))
                fits = every.table[later] == every.table[earlier] and (one == two) == same
                fits = fits and (same or every.table[later] == 0) and every.there[later] and every.there[earlier]
                if fits and away <= limits[one] + 1e-12 and every.asked[later]:
                    expected[later] = min(expected.get(later, np.inf), away)
        params = {"metres": 0.25 if same else 0.15}
        pairs = PAIRS[f"component.{name}"](every, CLASSES, params)
        assert pairs.rows.tolist() == sorted(expected)
        assert np.allclose(pairs.metres, [expected[row] for row in sorted(expected)])
    pairs = PAIRS["component.code_double"](every, CLASSES, {})
    first = {key: row for row, key in reversed(list(enumerate(keys.tolist()))) if key}
    told = [row for row, key in enumerate(keys.tolist()) if key and first[key] != row and every.asked[row]]
    assert pairs.rows.tolist() == told and pairs.others.tolist() == [first[int(keys[row])] for row in told]


def test_a_heap_of_points_gives_one_pair_each():
    size = 20_000
    every = Everything(
        np.zeros(size, dtype=np.int8), np.arange(size), np.ones((size, 2)), np.zeros(size, dtype=np.int32), ["0101"],
        *(np.zeros(size, dtype=np.int64) for _ in range(3)), np.ones(size, dtype=bool), np.ones(size, dtype=bool),
    )  # fmt: skip
    pairs = PAIRS["component.near_double"](every, CLASSES, {"metres": 0.3})
    assert len(pairs.rows) == size - 1 and not pairs.others.any()


def test_geometry_of_lines_and_areas():
    lines = column([shapely.from_wkt(text) for text in (
        "MULTILINESTRING ((0 0, 9 0))", "MULTILINESTRING ((0 0, 0.01 0))", "MULTILINESTRING ((0 0, 0 0, 5 5))",
        "MULTILINESTRING ((-2 0, 2 0, 0 2, 0 -2))", "MULTILINESTRING ((0 0, 20000 0))", "MULTILINESTRING EMPTY")])
    areas = column([shapely.from_wkt(text) for text in (
        "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)))", "MULTIPOLYGON (((-2 -1, 2 1, 2 -1, -2 1, -2 -1)))",
        "MULTIPOLYGON (((0 0, 0.1 0, 0 0.1, 0 0)))", "MULTIPOLYGON (((0 0, 9 0, 9 0, 9 9, 0 0)))")])  # fmt: skip
    found = {}
    for table, shapes in (("component_line", lines), ("component_area", areas)):
        part = Part(table, {}, np.where(shapely.is_empty(shapes)[:, None], np.nan, 1.0) * np.ones((1, 2)), shapes)
        for name in ("geometry_missing", "geometry_invalid", "length_zero", "length_big", "area_tiny", "area_big",
                     "vertex_repeated", "line_crossing"):  # fmt: skip
            rows = CHECKS[f"component.{name}"](part, city(), RULES[f"component.{name}"].params).rows.tolist()
            if rows:
                found[table[10:], name] = rows
    assert found == {
        ("line", "geometry_missing"): [5], ("line", "length_zero"): [1], ("line", "vertex_repeated"): [2],
        ("line", "line_crossing"): [3], ("line", "length_big"): [4], ("area", "geometry_invalid"): [1],
        ("area", "area_tiny"): [2], ("area", "vertex_repeated"): [3],
    }  # fmt: skip


def test_the_city_changes_rules_within_reason():
    pack = [Rule("component.a", "place", "error", True, {"metres": 1.0, "words": "x"}, "A", "甲")]
    changed, wrong = adjust(pack, [{"code": "component.a", "level": "info", "enabled": 0, "params": '{"metres": 2}'}])
    assert (changed[0].level, changed[0].enabled, changed[0].params) == ("info", False, {"metres": 2, "words": "x"})
    for row in ({"level": "worst"}, {"params": "{"}, {"params": "[1]"}, {"params": '{"metres": -1}'},
                {"params": '{"metres": "1"}'}, {"params": '{"words": 1}'}, {"params": '{"other": 1}'}):  # fmt: skip
        assert adjust(pack, [{"code": "component.a", **row}]) == (pack, ["component.a"])
    assert adjust(pack, [{"code": "component.b"}])[1] == ["component.b"]
    assert wrong == []


def test_parts_that_do_not_add_up_are_told():
    from collections import Counter

    ties = tie_parts("x", Counter(a=2, b=3, c=1), {"a": "A", "b": "A"}, Counter({"A": 5, "": 2}))
    assert [(tie.key, tie.total, tie.expected, tie.ties) for tie in ties] == [("", 1, 2, False), ("A", 5, 5, True)]
