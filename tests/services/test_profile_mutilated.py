# SPDX-License-Identifier: GPL-2.0-or-later
"""A profile workbook mutilated in 200 random ways is refused or imported right, never half.

Right is what a second, independent reading of the file's XML says (``profile_reading``); refused means told with sheet,
row and column, and a store that is what it was.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.profile import EVENT, CalendarDay, Department, ResponsibilityRule
from digital_citymgmt_plugin.core.profile_diff import profile_rows
from digital_citymgmt_plugin.core.requests import ImportProfile
from digital_citymgmt_plugin.services.profile import import_profile
from digital_citymgmt_plugin.storage.profile_write import write_profile_workbook
from digital_citymgmt_plugin.storage.profiles import TABLES, builtin_profile
from tests.services.profile_mutilations import ALL, FATAL, HARMLESS, SHEETS, mutilate
from tests.services.profile_reading import meaning, stored
from tests.support import make_context, new_store

WAYS = 200
# What is wrong with a file or sheet as a whole has no row.
WHOLE = {
    "profile.missing_sheet", "profile.unknown_sheet", "profile.no_edition", "profile.no_scheme",
    "profile.stage_unreached", "profile.stage_dead_end",
}  # fmt: skip
FILE = {
    "input.unreadable", "input.bomb", "input.entities", "input.unknown_format", "input.old_workbook",
    "profile.outside_link",
}  # fmt: skip


def small_profile():
    """A profile with something in every sheet, small enough to be read 200 times."""
    whole = builtin_profile("2013")
    classes = (*whole.classes[:14], *[entry for entry in whole.classes if entry.kind == EVENT][:8])
    known = {(entry.kind, entry.code) for entry in classes}
    departments = (*whole.departments, Department("D0101", "市政养护一所", "D01", "养护"))
    return replace(
        whole,
        name="启东",
        classes=(*classes, replace(classes[0], code="0199", minor_code="99", name="爱心驿站", tolerance_m=2.5)),
        departments=departments,
        filing_rules=tuple(rule for rule in whole.filing_rules if (rule.kind, rule.class_code) in known)[:20],
        responsibility=(
            ResponsibilityRule(10, COMPONENT, "0101", "320681001", "D0101", "确权纪要"),
            ResponsibilityRule(0, EVENT, "", "", "D04"),
            ResponsibilityRule(5, "", "", "320681002", "D03", "街道自管"),
        ),
        days=(CalendarDay("2027-02-06", True, "春节调休"), CalendarDay("2027-02-08", False)),
    )


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutilated")
    path = folder / "profile.xlsx"
    write_profile_workbook(small_profile(), str(path))
    store = new_store(folder / "city.gpkg", profile=str(path))
    yield store, path
    store.close()


def content_of(store):
    tables = {name: store.read(name, columns, order=columns) for name, columns in TABLES.items()}
    meta = sorted(store.meta().items())
    return {name: {key: column.tolist() for key, column in part.items()} for name, part in tables.items()}, meta


def bring(store, path):
    return import_profile(make_context(store), ImportProfile(str(path)))


def check_refusal(error, outcome, what):
    """A refusal says where; and a fault that is known to be at a place is told at that place."""
    faults = error.values.get("faults") or [{"code": error.code, "values": error.values}]
    assert "?" not in sentence(error).replace("_x0041_", ""), (what, sentence(error))
    if isinstance(error, InputRefused):
        assert error.code in FILE, (what, error)
        return
    for fault in faults:
        values = fault["values"]
        assert values["file"] and values["table"], (what, fault)
        assert fault["code"] in WHOLE or (values["row"] >= 1 and values["column"]), (what, fault)
    if outcome.must == FATAL and outcome.sheet:
        told = [fault["values"] for fault in faults]
        places = {(values["table"], values["row"], values["column"][:2].strip()) for values in told}
        fitting = [
            place
            for place in places
            if place[0] == outcome.sheet
            and outcome.row in (0, place[1])
            and (not outcome.column or place[2] == outcome.column or fault_names_pair(faults))
        ]
        assert fitting, (what, outcome, places)


def fault_names_pair(faults):
    """Tell whether a reference is told at its other end: a class that is two sheets' key."""
    return any(fault["code"] in ("profile.unknown_class", "profile.no_key") for fault in faults)


def test_the_workbook_as_it_is_means_what_the_store_holds(city):
    store, path = city
    assert stored(profile_rows(store.profile())) == meaning(path)
    assert bring(store, path)["counts"]["differences"] == 0


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_mutilated_workbook_is_refused_or_imported_right(city, tmp_path):
    store, pristine = city
    before = content_of(store)
    refused, imported, ways = 0, 0, set()
    for seed in range(WAYS):
        path = tmp_path / f"{seed}.xlsx"
        shutil.copy(pristine, path)
        way, outcome = mutilate(path, seed)
        what = f"seed {seed}: {way}"
        ways.add(way)
        try:
            result = bring(store, path)
        except (ProfileError, InputRefused) as error:
            assert outcome.must != HARMLESS, (what, error)
            assert content_of(store) == before, what
            check_refusal(error, outcome, what)
            refused += 1
        else:
            assert outcome.must != FATAL, what
            assert stored(profile_rows(store.profile())) == meaning(path), what
            if outcome.must == HARMLESS:
                assert result["counts"]["differences"] == 0, what
            if result["written"]:
                bring(store, pristine)
                assert content_of(store) == before, what
            imported += 1
        Path(path).unlink()
    assert len(ways) == len(ALL) and len(SHEETS) == 11
    assert refused > WAYS // 3 and imported > WAYS // 6
