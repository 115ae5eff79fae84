# SPDX-License-Identifier: GPL-2.0-or-later
"""Built-in profiles, and profiles to and from a store's tables."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from digital_citymgmt_plugin.core.codes import COMPONENT, EDITIONS
from digital_citymgmt_plugin.core.errors import CodeError, ProfileError
from digital_citymgmt_plugin.core.profile import EVENT, CalendarDay, ResponsibilityRule
from digital_citymgmt_plugin.storage.profiles import (
    FOLDER,
    TABLES,
    builtin_profile,
    profile_from_store,
    profile_from_tables,
    profile_tables,
)

editions = pytest.mark.parametrize("edition", EDITIONS)

NO_SCORES = {"score_schemes": (), "score_terms": (), "score_bands": ()}


class TablesOnly:
    """A store that holds the tables of a profile and nothing else."""

    def __init__(self, tables, meta):
        self._tables, self._meta = tables, meta

    def meta(self):
        return self._meta

    def read(self, table, columns, where=(), order=()):
        return {column: self._tables[table][column] for column in columns}


@editions
def test_a_built_in_profile_has_no_faults(edition):
    assert builtin_profile(edition).check() == []


# Published totals where there are any: 153 components and 250 matters in 2026 (see docs on the sources).
@pytest.mark.parametrize(
    ("edition", "kind", "count"),
    [("2007", COMPONENT, 85), ("2007", EVENT, 50), ("2026", COMPONENT, 153), ("2026", EVENT, 250)],
)
def test_the_class_tables_are_complete(edition, kind, count):
    assert len(builtin_profile(edition).class_by_code(kind)) == count


# 01-14 is the trap for whoever mixes editions by number.
@pytest.mark.parametrize(
    ("edition", "code", "name"),
    [("2007", "0114", "无主井盖"), ("2013", "0114", "园林井盖"), ("2026", "01014", "园林井盖")],
)
def test_the_same_number_means_its_edition_s_class(edition, code, name):
    assert builtin_profile(edition).class_by_code(COMPONENT)[code].name == name


@pytest.mark.parametrize("code", ["01016", "05001", "05004", "05008"])
def test_numbers_that_2026_left_empty_stay_empty(code):
    assert code not in builtin_profile("2026").class_by_code(COMPONENT)


@editions
def test_every_row_says_how_sure_it_is(edition):
    profile = builtin_profile(edition)
    assert all(
        row.confidence for row in (*profile.classes, *profile.filing_rules, *profile.indicators, *profile.counts)
    )


def test_inferred_classes_of_2013_are_marked():
    marks = Counter(e.confidence for e in builtin_profile("2013").classes if e.kind == COMPONENT)
    assert marks["inferred from 2026 numbering, unverified"] == 50


@editions
def test_no_class_table_hides_that_geometry_is_a_proposal(edition):
    name = "2026" if edition == "local-6235" else edition
    with (FOLDER / f"classes_{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(bool(row["geometry"]) == ("proposed" in row["geometry_confidence"]) for row in rows)


@editions
def test_every_component_class_has_geometry_department_and_tolerance(edition):
    profile = builtin_profile(edition)
    for entry in profile.class_by_code(COMPONENT).values():
        assert entry.geometry and entry.department_code and profile.tolerance(entry) in (5.0, 10.0, 20.0)


@pytest.mark.parametrize(
    ("name", "department"),
    [("行道树", "园林绿化部门"), ("路灯", "路灯管理部门"), ("公共厕所", "环境卫生部门"), ("污水井盖", "排水管理部门")],
)
def test_the_default_department_follows_the_name(name, department):
    profile = builtin_profile("2013")
    code = profile.class_by_name(COMPONENT)[name].department_code
    assert profile.department_by_code()[code].name == department


def test_departments_are_called_default():
    profile = builtin_profile("2026")
    assert {entry.kind for entry in profile.departments} == {"default"}
    assert profile.setting("department_assignment") == "default"


def test_a_missing_manhole_cover_is_an_emergency_in_the_local_example():
    rules = [
        rule for rule in builtin_profile("2013").filing_rules if (rule.kind, rule.class_code) == (COMPONENT, "0101")
    ]
    assert (rules[0].limit_value, rules[0].limit_unit) == (2.0, "emergency_hour")


@pytest.mark.parametrize(
    ("code", "numerator", "denominator"),
    [
        ("disposal_rate", "disposed", "to_be_disposed"),
        ("disposal_rate_of_filed", "disposed", "filed"),
        ("closing_rate", "closed", "to_be_closed"),
        ("closing_on_time_rate", "closed_on_time", "to_be_closed"),
        ("disposal_on_time_rate", "disposed_on_time", "to_be_disposed"),
        ("rework_rate", "reworked", "to_be_closed"),
        ("extension_rate", "extended", "to_be_disposed"),
        ("parking_rate", "parked", "to_be_disposed"),
    ],
)
def test_the_indicators_have_the_stated_formulas(code, numerator, denominator):
    found = next(entry for entry in builtin_profile("2013").indicators if entry.code == code)
    assert (found.numerator, found.denominator) == (numerator, denominator)


def test_an_unknown_edition_is_refused():
    with pytest.raises(ProfileError, match="unknown_edition"):
        builtin_profile("1999")


@editions
def test_a_profile_comes_back_from_a_store(edition):
    profile = replace(
        builtin_profile(edition),
        responsibility=(ResponsibilityRule(5, EVENT, "", "320681001", "D04", "确权纪要"),),
        days=(CalendarDay("2027-02-06", True, "春节调休"), CalendarDay("2027-02-08", False)),
    )
    assert profile_from_store(TablesOnly(*profile_tables(profile))) == profile


def test_nulls_in_a_store_are_empty_texts():
    tables, meta = profile_tables(builtin_profile("2013"))
    tables["class"]["geometry"][:] = None
    tables["class"]["tolerance_m"] = np.full(len(tables["class"]["code"]), np.nan)
    again = profile_from_tables(tables, meta)
    assert again.classes[0].geometry == "" and again.classes[0].tolerance_m is None


def test_an_empty_profile_makes_empty_tables_with_all_columns():
    empty = replace(builtin_profile("2013"), classes=(), departments=(), filing_rules=(), indicators=(), **NO_SCORES)
    tables, meta = profile_tables(empty)
    assert {name: tuple(columns) for name, columns in tables.items()} == dict(TABLES)
    # Where a store has no schemes, those of the plugin hold, with their indicators.
    ours = replace(builtin_profile("2013"), classes=(), departments=(), filing_rules=())
    assert profile_from_tables(tables, meta) == ours


def test_a_store_without_a_profile_is_refused():
    tables, _ = profile_tables(builtin_profile("2013"))
    with pytest.raises(ProfileError, match="not_in_store"):
        profile_from_tables(tables, {"edition": "2013"})


def test_a_broken_scheme_in_a_store_is_refused():
    tables, meta = profile_tables(builtin_profile("2013"))
    with pytest.raises(CodeError, match="bad_scheme"):
        profile_from_tables(tables, {**meta, "grid_scheme": "{"})
