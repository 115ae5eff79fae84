# SPDX-License-Identifier: GPL-2.0-or-later
"""Which case is in which count, case by case as a clerk would tell it."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.counts import KNOWN, OWN, Cases, case_counts, latest
from digital_citymgmt_plugin.core.assessment.indicators import NOTHING, choose_indicators, formula_lines, shown_values
from digital_citymgmt_plugin.core.cases.stages import STAGES, STEPS, derive_stages
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.profile import CountDefinition, Indicator

DAY = np.datetime64("2020-01-01", "ms") + np.arange(30).astype("timedelta64[D]")
END = DAY[20]
# Counts of which every table has had no need; ``tests/core/test_count_definitions.py`` tells of them.
MORE = {
    "accepted", "filed_accurately", "dispatched_accurately", "to_be_closed_by_target", "to_be_closed_handled",
    "to_be_closed_filed", "extension_times",
}  # fmt: skip


def one(cut_off=END, stage=None, stated=-1, blank=False, parked=False, reworks=0, due=None, **at):
    """Return the names of the counts that a case is in; times as days after the first."""
    times = {name: np.array([DAY[at[name]] if name in at else "NaT"], dtype="datetime64[ms]") for name in STEPS}
    rank = derive_stages(times, 1) if stage is None else np.array([STAGES.index(stage)], dtype=np.int8)
    cases = Cases(
        times, np.array(["NaT" if due is None else DAY[due]], dtype="datetime64[ms]"), rank,
        np.array([stated], dtype=np.int8), np.array([blank]), np.array([parked]), np.array([reworks]), np.array([0]),
    )  # fmt: skip
    counts = case_counts(cases, cut_off)
    assert set(counts) == set(KNOWN)
    return {name for name, column in counts.items() if column[0] and name not in MORE}


LIFE = {"reported_at": 0, "accepted_at": 1, "filed_at": 2, "dispatched_at": 3, "disposed_at": 6, "closed_at": 9}
IN_DISPOSAL = {name: LIFE[name] for name in ("reported_at", "filed_at", "dispatched_at")}
FILED = {"reported", "filed", "valid_reported", "to_be_dispatched"}
SENT = FILED | {"dispatched", "to_be_disposed"}


def test_a_closed_case_disposed_in_time_is_on_time_though_closed_late():
    expected = SENT | {
        "disposed", "disposed_on_time", "to_be_closed", "to_be_closed_not_parked", "closed", "closed_on_time",
        "on_time",
    }  # fmt: skip
    assert one(**LIFE, due=7) == expected


def test_a_closed_case_disposed_late_is_late():
    expected = {"disposed_late", "closed_late", "overdue"}
    assert expected <= one(**LIFE, due=5)
    assert not {"disposed_on_time", "closed_on_time", "on_time"} & one(**LIFE, due=5)


def test_a_case_in_disposal_is_owed_only_after_its_deadline():
    assert one(**IN_DISPOSAL, due=25) == SENT | {"in_disposal", "in_disposal_on_time", "pending", "on_time"}
    late = {"in_disposal", "in_disposal_late", "to_be_closed", "to_be_closed_not_parked", "pending", "overdue"}
    assert one(**IN_DISPOSAL, due=19) == SENT | late


def test_what_happened_after_the_cut_off_is_not_known():
    assert one(cut_off=DAY[4], **LIFE, due=7) == SENT | {"in_disposal", "in_disposal_on_time", "pending", "on_time"}
    assert one(cut_off=DAY[2], **LIFE, due=7) == FILED | {"pending", "on_time"}
    assert one(cut_off=DAY[0] - np.timedelta64(1, "ms"), **LIFE) == set()


def test_a_parked_case_is_not_in_disposal_and_its_clock_stands():
    assert one(**IN_DISPOSAL, stage="parked", parked=True, due=5) == SENT | {"parked", "pending", "on_time"}


def test_a_case_sent_back_for_rework_is_in_disposal_again():
    found = one(**{**IN_DISPOSAL, "disposed_at": 6}, stage="disposal", reworks=2, due=8)
    assert found == SENT | {
        "in_disposal", "in_disposal_late", "to_be_closed", "to_be_closed_not_parked", "pending", "overdue", "reworked",
        "rework_times",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"reported_at": 0}, {"reported", "not_accepted"}),
        ({"reported_at": 0, "accepted_at": 1}, {"reported", "not_filed"}),
        (IN_DISPOSAL, {"reported", "filed", "voided"}),
    ],
)
def test_a_void_case_is_owed_to_nobody(columns, expected):
    assert one(**columns, stage="void", due=1) == expected


def test_the_sources_word_on_timeliness_stands_and_a_blank_is_neither():
    assert "closed_on_time" in one(**LIFE, due=5, stated=1)
    assert "closed_late" in one(**LIFE, due=7, stated=0)
    assert not {"closed_on_time", "closed_late", "on_time", "overdue"} & one(**LIFE, due=7, blank=True)
    assert "timeliness_missing" in one(**LIFE, due=7, blank=True)


def test_before_the_disposal_the_sources_word_is_not_known_yet():
    early = {"cut_off": DAY[4], "due": 6}
    assert not {"overdue", "in_disposal_late", "to_be_closed"} & one(**LIFE, **early, stated=0)
    assert "timeliness_missing" not in one(**LIFE, **early, blank=True)
    assert "overdue" in one(**LIFE, cut_off=DAY[4], due=3, stated=1)  # by the clock alone


def test_a_stage_without_times_is_believed():
    assert {"closed", "to_be_closed", "on_time"} <= one(reported_at=0, stage="closed")


def test_the_latest_time_does_not_look_at_targets():
    empty = np.empty(0, dtype="datetime64[ms]")
    flags = np.empty(0, dtype=bool)
    cases = Cases({"reported_at": empty}, empty, np.empty(0, np.int8), np.empty(0, np.int8), flags, flags, flags, flags)
    assert np.isnat(latest(cases))


def test_parts_add_up_for_any_case():
    rng = np.random.default_rng(7)
    size = 500
    times = {}
    for name in STEPS:
        values = DAY[rng.integers(0, 30, size)].copy()
        values[rng.random(size) < 0.4] = np.datetime64("NaT")
        times[name] = values
    flags = rng.random(size) < 0.2
    cases = Cases(
        times, DAY[rng.integers(0, 30, size)], rng.integers(0, 9, size).astype(np.int8),
        rng.integers(-1, 2, size).astype(np.int8), flags, flags[::-1], rng.integers(0, 3, size),
        rng.integers(0, 2, size),
    )  # fmt: skip
    counts = {name: column.astype(int) for name, column in case_counts(cases, END).items()}
    for whole, parts in {
        "disposed": ("disposed_on_time", "disposed_late"),
        "in_disposal": ("in_disposal_on_time", "in_disposal_late"),
        "closed": ("closed_on_time", "closed_late"),
    }.items():
        blank = counts[whole] * counts["timeliness_missing"]
        assert (counts[whole] == sum(counts[part] for part in parts) + blank).all()
    void = counts["not_accepted"] + counts["not_filed"] + counts["voided"]
    assert (counts["reported"] == counts["pending"] + counts["closed"] + void).all()
    assert (counts["reported"] == counts["on_time"] + counts["overdue"] + counts["timeliness_missing"] + void).all()
    assert (counts["to_be_closed"] == counts["disposed"] + counts["in_disposal_late"]).all()


DISPOSAL = Indicator("disposal_rate", "处置率", "disposed", "to_be_disposed")
OF_FILED = Indicator("disposal_rate_of_filed", "处置率（按立案数）", "disposed", "filed")


def rate(above, below):
    return shown_values(Indicator("r", "率", "a", "b"), {"a": above, "b": below}, len(above))


def test_qidongs_published_rate_comes_out_to_the_last_digit():
    assert rate(np.array([26_775]), np.array([27_844])) == [96.16]
    assert rate(np.array([17_261]), np.array([27_844])) == [61.99]


def test_a_rate_over_nothing_is_a_dash():
    assert rate(np.array([0, 0, 3]), np.array([0, 2, 2])) == [NOTHING, 0.0, 150.0]


def test_schemes_choose_indicators_and_name_what_is_missing():
    assert choose_indicators("default", [DISPOSAL, OF_FILED]) == (DISPOSAL,)
    assert choose_indicators("all", [DISPOSAL, OF_FILED]) == (DISPOSAL, OF_FILED)
    assert choose_indicators("ours", [DISPOSAL, OF_FILED], {"ours": ["disposal_rate_of_filed"]}) == (OF_FILED,)
    for scheme, code in (("nobody", "assess.scheme"), ("qidong", "assess.indicator")):
        with pytest.raises(InputRefused) as caught:
            choose_indicators(scheme, [OF_FILED] if scheme == "qidong" else [DISPOSAL])
        assert caught.value.code == code


def test_a_formula_says_what_is_divided_by_what():
    count = CountDefinition("disposed", "处置数", "Cases past disposal", "已越过处置阶段的案件")
    lines = formula_lines([DISPOSAL], [count])
    assert lines[0] == "处置率 = 处置数 ÷ to_be_disposed × 100 %  (disposal_rate = disposed / to_be_disposed)"
    assert lines[1] == "处置数 (disposed)：已越过处置阶段的案件"


def test_our_counts_are_those_that_profiles_define(root):
    with (root / "digital_citymgmt_plugin/resources/profiles/counts.csv").open(encoding="utf-8") as file:
        defined = {row["code"] for row in csv.DictReader(file)}
    assert set(KNOWN) - set(OWN) <= defined
    assert not set(OWN) & defined
