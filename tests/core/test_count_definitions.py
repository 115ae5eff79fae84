# SPDX-License-Identifier: GPL-2.0-or-later
"""Every count is told of: its function in English, its name and definition in Chinese, its line in the user's page."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.counts import COUNTS, KNOWN, OWN, Cases, case_counts
from digital_citymgmt_plugin.core.assessment.facts import NAT
from digital_citymgmt_plugin.core.cases.stages import STAGES, STEPS

ROOT = Path(__file__).resolve().parents[2]
PROFILED = ROOT / "digital_citymgmt_plugin" / "resources" / "profiles" / "counts.csv"


@pytest.mark.parametrize("code", COUNTS)
def test_a_count_is_told_of(code):
    item = COUNTS[code]
    assert item.name and item.chinese and len(item.english) > 10
    assert item.variant_of in ("", *COUNTS)
    page = (ROOT / "docs" / "user" / "assessment-counts.md").read_text(encoding="utf-8")
    assert f"| {item.name} | `{code}` | {item.chinese}" in page


def test_what_the_profile_defines_is_counted():
    with PROFILED.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["code"] for row in rows} <= set(COUNTS) | {"missed"}
    named = {row["code"] for row in rows}
    assert set(COUNTS) - named <= set(OWN)


def one(stage, due=None, parked=False, **at):
    """Return the counts of one case at noon of the twentieth day; times as days."""
    day = np.datetime64("2020-01-01T00:00", "ms")
    times = {name: np.array([day + np.timedelta64(at[name], "D") if name in at else NAT]) for name in STEPS}
    cases = Cases(
        times, np.array([NAT if due is None else day + np.timedelta64(due, "D")]),
        np.array([STAGES.index(stage)], dtype=np.int8), np.array([-1], dtype=np.int8), np.array([False]),
        np.array([parked]), np.array([0]), np.array([0]),
    )  # fmt: skip
    return {name for name, values in case_counts(cases, day + np.timedelta64(480, "h")).items() if values[0]}


SENT = {"reported_at": 0, "accepted_at": 1, "filed_at": 2, "dispatched_at": 3}
OWED = ["to_be_closed", *(f"to_be_closed_{kind}" for kind in ("not_parked", "by_target", "handled", "filed"))]


@pytest.mark.parametrize(
    ("stage", "more", "owed"),
    [
        ("closed", {"disposed_at": 5, "closed_at": 6, "due": 4}, OWED),
        ("check", {"disposed_at": 5, "due": 9}, [code for code in OWED if code != "to_be_closed_by_target"]),
        ("disposal", {"due": 9}, [code for code in OWED if code != "to_be_closed_handled"]),
        ("disposal", {"due": 25}, ["to_be_closed_filed"]),
        ("parked", {"due": 9, "parked": True}, ["to_be_closed_filed"]),
        ("dispatch", {"due": 9, "dispatched_at": None}, ["to_be_closed_by_target", "to_be_closed_filed"]),
        ("void", {"due": 9}, []),
    ],
)  # fmt: skip
def test_what_is_owed_depends_on_the_definition(stage, more, owed):
    given = {name: value for name, value in {**SENT, **more}.items() if value is not None}
    assert {code for code in one(stage, **given) if code in OWED} == set(owed)


def test_what_rows_of_cases_tell_needs_no_log():
    assert set(KNOWN) <= set(COUNTS)
    assert "ever_parked" not in KNOWN
