# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs that are kept: the same to the digit whatever becomes of the store, compared, taken back; schemes, posts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.evaluation import canonical, evaluation_from_payload
from digital_citymgmt_plugin.core.assessment.scheme_rows import SchemeRow, TermRow
from digital_citymgmt_plugin.core.assessment.scores import compute, indicator_value
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Assess, MoveCases, UndoOperation
from digital_citymgmt_plugin.core.requests_assessment import (
    CasesOfNumber,
    CompareRuns,
    Evaluate,
    FreezeRun,
    ListRuns,
    ListSchemes,
    OpenRun,
)
from digital_citymgmt_plugin.services.assessment.assess import assess
from digital_citymgmt_plugin.services.assessment.evaluate import evaluate, make_evaluation
from digital_citymgmt_plugin.services.assessment.panel import cases_of_number
from digital_citymgmt_plugin.services.assessment.runs import compare_runs, freeze_run, list_runs, open_run
from digital_citymgmt_plugin.services.assessment.schemes import list_schemes
from digital_citymgmt_plugin.services.case_moves import move_cases
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services import test_panel
from tests.services.cities import FIRST, box, point
from tests.support import make_context

store = test_panel.store
ASKED = {"by": "department", "scheme": "s3_department", "from_date": "2020-01-01", "to_date": "2020-01-31"}


def keep(store, **given):
    return freeze_run(make_context(store), FreezeRun(**{**ASKED, "name": "一月", **given}))


def told(answer):
    return canonical([answer["evaluation"], answer["said"]])


def change_profile(store, **changes):
    profile = store.profile()
    with store.action("set up") as action:
        store.save_profile(action, replace(profile, **{name: change(profile) for name, change in changes.items()}))


def test_a_run_opens_to_the_digit_whatever_becomes_of_the_store(store):
    kept = keep(store)
    first = told(kept)
    assert told(open_run(make_context(store), OpenRun(kept["run"]["uuid"]))) == first
    change_profile(
        store,
        score_terms=lambda p: tuple(replace(t, weight=0.5 if t.sort < 3 else 0.0) for t in p.score_terms),
        indicators=lambda p: tuple(replace(one, name=f"新{one.name}") for one in p.indicators),
        departments=lambda p: (*p.departments, replace(p.departments[0], code="D0", name="城管执法局")),
    )
    move_cases(
        make_context(store), MoveCases([1, 2], "void", "commander", reason="重复", at="2020-02-20T00:00:00.000Z")
    )
    assert told(open_run(make_context(store), OpenRun("一月"))) == first
    now = evaluate(make_context(store), Evaluate(**ASKED))
    assert canonical(now["evaluation"]) != canonical(kept["evaluation"])


def test_a_run_compared_with_now_tells_what_became_of_its_rows(store):
    kept = keep(store)
    same = compare_runs(make_context(store), CompareRuns(kept["run"]["uuid"]))
    assert same["counts"] == {"rows": 2, "changed": 0, "gone": 0, "new": 0, "renamed": 0} and same["ties"]
    # D0 gets its name, its cases of the first three days go to a department of another code: renamed and merged.
    change_profile(store, departments=lambda p: (*p.departments, replace(p.departments[0], code="D0", name="城管局")))
    with store.action("set up") as action:
        action.update("case_record", np.array([2, 4]), {"dept_code": objects(["D9", "D9"])})
    found = compare_runs(make_context(store), CompareRuns("一月"))
    states = {row["code"]: row["state"] for row in found["rows"]}
    assert states == {"D0": "changed", "D1": "changed", "D9": "new"}  # D0 in its rank only
    assert found["renamed"] == [["D0", "D0", "城管局"]] and found["totals"] == {} and found["ties"]
    moved = {row["code"]: row["counts"].get("reported") for row in found["rows"]}
    assert moved == {"D0": None, "D1": [6, 4], "D9": [None, 2]}


def test_a_run_by_unit_grid_outlives_a_redraw(store):
    with store.action("set up") as action:
        action.insert("unit_grid", {"code": objects(["G1", "G2"]), "status": objects(["current"] * 2)})
        action.update("case_record", np.arange(1, 13), {"grid_code": objects(["G1", "G2"] * 6)})
    kept = keep(store, by="grid", scheme="s3_area_1")
    first = told(kept)
    with store.action("set up") as action:
        action.update("unit_grid", np.array([2]), {"status": objects(["retired"])})
        action.insert("unit_grid", {"code": objects(["G3"]), "status": objects(["current"])})
        action.update("case_record", np.arange(2, 13, 2), {"grid_code": objects(["G3"] * 6)})
    assert told(open_run(make_context(store), OpenRun("一月"))) == first
    found = compare_runs(make_context(store), CompareRuns("一月"))
    states = {row["code"]: row["state"] for row in found["rows"]}
    assert states == {"G1": "same", "G2": "gone", "G3": "new"} and found["totals"] == {}


def test_a_run_by_unit_grid_and_the_grids_of_a_real_redraw(town):
    """The old table stays; now the cases stand in the grids that took their place, and the totals tie."""
    town.adopt([box(0, 0, 1000, 500)])
    code = FIRST + "001"
    rows = [(name, point(x, 100), code, "closed") for name, x in (("A", 100), ("B", 600), ("C", 700))]
    with town.store.action("set up") as action:
        columns = dict(zip(("case_no", "geom", "grid_code", "stage"), (objects(column) for column in zip(*rows))))
        times = {name: objects(["2026-01-05T00:00:00.000Z"] * 3) for name in ("filed_at", "closed_at")}
        action.insert("case_record", {**columns, **times, "place_method": objects(["grid"] * 3)})
    kept = freeze_run(town.context, FreezeRun("grid", "s3_area_1", name="旧网格"))
    town.adopt([box(0, 0, 300, 500), box(300, 0, 1000, 500)])
    assert told(open_run(town.context, OpenRun("旧网格"))) == told(kept)
    found = compare_runs(town.context, CompareRuns("旧网格"))
    closed = {row["code"]: row["counts"]["closed"] for row in found["rows"]}
    assert closed == {code: [3, 2], code[:-1] + "2": [None, 1]}
    assert found["totals"] == {} and found["ties"] and found["counts"]["new"] == 1


def test_departments_that_were_merged_are_one_row_whose_numbers_open_their_cases(store):
    apart = make_evaluation(make_context(store), Evaluate("department", by2="month"))
    asked = Evaluate("department", "s3_department", join={"D1": "D0"}, by2="month")
    made = make_evaluation(make_context(store), asked)
    assert [row.code for row in made.rows] == ["D0"] and made.totals == apart.totals
    assert made.cells["closed"].sum(axis=0).tolist() == apart.cells["closed"].sum(axis=0).tolist()
    assert ("table.joined", {"code": "D1", "into": "D0"}) in made.notes
    found = cases_of_number(make_context(store), CasesOfNumber(made.number_id("closed", "D0")))
    assert len(found["fids"]) == made.counts["closed"][0]
    kept = keep(store, join={"D1": "D0"})
    assert compare_runs(make_context(store), CompareRuns(kept["run"]["uuid"]))["counts"]["changed"] == 0
    for wrong in ({"D1": "D1"}, {"D1": ""}, {"D1": "D0", "D0": "D9"}, {"D1": 7}):
        with pytest.raises(InputRefused) as refusal:
            evaluate(make_context(store), Evaluate("department", join=wrong))
        assert refusal.value.code == "assess.join"
    with pytest.raises(InputRefused) as refusal:
        evaluate(make_context(store), Evaluate("collector", join={"a": "b"}))
    assert refusal.value.code == "assess.join"


def test_runs_are_listed_and_taken_back(store):
    keep(store)
    keep(store, name="", note="月报", done_by="张三")
    keep(store, name="")
    runs = list_runs(make_context(store), ListRuns())["runs"]
    names = [run["name"] for run in runs]
    assert names[0] == f"{names[1]} (2)" and names[2] == "一月" and runs[1]["note"] == "月报"
    assert "部门综合评价" in names[1] and "2020-01-31" in names[1]
    assert list_runs(make_context(store), ListRuns("street"))["runs"] == []
    undo_operation(make_context(store), UndoOperation("last"))
    assert len(list_runs(make_context(store), ListRuns())["runs"]) == 2


def test_a_run_that_was_changed_past_the_program_is_refused(store):
    kept = keep(store)
    text = str(store.read("assessment_run", ["payload"])["payload"][0])
    payload = json.loads(text)
    payload["evaluation"]["counts"]["closed"][0] += 1
    for changed in (canonical(payload), "[]", text[:-9], None):
        with store.action("set up") as action:
            action.update("assessment_run", np.array([1]), {"payload": objects([changed])})
        with pytest.raises(InputRefused) as refusal:
            open_run(make_context(store), OpenRun(kept["run"]["uuid"]))
        assert refusal.value.code == "assess.run_changed"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"from_date": "1999-01-01", "to_date": "1999-12-31"}, "assess.empty_period"),
        ({"name": "一" * 201}, "assess.run_name"),
        ({"by": "street"}, "assess.scheme_object"),
        ({"by": "moon"}, "assess.by"),
        ({"by2": "collector"}, "assess.by"),
        ({"where": {"class": "0101"}}, "assess.where"),
        ({"where": {"moon": ["1"]}}, "assess.where"),
        ({"scheme": "s3_area_as_written"}, "assess.scheme"),
    ],
)
def test_what_cannot_be_kept_is_refused(store, given, code):
    with pytest.raises(InputRefused) as refusal:
        keep(store, **given)
    assert refusal.value.code == code and store.count("assessment_run") == 0


def test_a_name_is_given_once_and_runs_of_other_rows_are_not_compared(store):
    keep(store)
    with pytest.raises(InputRefused) as refusal:
        keep(store)
    assert refusal.value.code == "assess.run_name"
    keep(store, name="街道", by="street", scheme="default")
    with pytest.raises(InputRefused) as refusal:
        compare_runs(make_context(store), CompareRuns("一月", "街道"))
    assert refusal.value.code == "assess.runs_differ"
    with pytest.raises(InputRefused) as refusal:
        open_run(make_context(store), OpenRun("二月"))
    assert refusal.value.code == "assess.no_run"


def test_a_scheme_broken_past_the_workbook_is_refused(store):
    broken = SchemeRow("ours", "本市方案", "department")
    terms = (TermRow("ours", "closing_rate", "rate", 0.7),)
    change_profile(
        store, score_schemes=lambda p: (*p.score_schemes, broken), score_terms=lambda p: (*p.score_terms, *terms)
    )
    for name in ("ours", "本市方案"):
        with pytest.raises(InputRefused) as refusal:
            evaluate(make_context(store), Evaluate("department", name))
        assert refusal.value.code == "assess.scheme_broken" and "0.7" in refusal.value.values["value"]
    told_ = {one["code"]: one for one in list_schemes(make_context(store), ListSchemes())["schemes"]}
    assert not told_["ours"]["usable"] and told_["s3_area_1"]["usable"]


def test_the_known_mistake_of_a_public_scheme_is_shown(store):
    listed = list_schemes(make_context(store), ListSchemes("area", mistaken=True))["schemes"]
    wrong = next(one for one in listed if one["code"] == "s3_area_as_written")
    assert wrong["weights"] == 0.7 and not wrong["usable"]
    assert [code for code, _ in wrong["problems"]] == ["profile.scheme_weights"]
    assert wrong["said"] == ["权重之和为 0.7（0.1 + 0.2 + 0.3 + 0.1），应为 1"]
    assert all(one["usable"] for one in listed if one is not wrong)


@pytest.mark.parametrize("scheme", ["s3_collector", "s3_acceptor", "s3_shift_lead", "s3_dispatcher"])
def test_people_of_the_log_are_evaluated_by_their_posts(store, scheme):
    post = scheme.partition("_")[2]
    made = make_evaluation(make_context(store), Evaluate(post, scheme))
    assert made.object == post and [row.code for row in made.rows if row.code]
    whole = make_evaluation(make_context(store), Evaluate("county"))
    assert {code: made.totals[code] for code in whole.totals} == whole.totals  # every number ties
    again = compute(made.scheme, made.counts, np.array([bool(row.code) for row in made.rows]))
    np.testing.assert_array_equal(again.composite, made.scores.composite)


def test_columns_add_up_to_rows(store):
    made = make_evaluation(make_context(store), Evaluate("department", by2="month"))
    assert next(column.code for column in made.columns) == "2020-01"
    for code, cells in made.cells.items():
        assert cells.sum(axis=1).tolist() == made.counts[code].tolist()
    assert evaluation_from_payload(made.to_payload()).digest == made.digest


def test_exempt_cases_are_told_beside(store):
    with store.action("set up") as action:
        rows = {"case_fid": [6, 6], "action": ["appeal", "grant_appeal"], "at": ["2020-01-20T00:00:00.000Z"] * 2}
        columns = {name: objects(values) for name, values in rows.items()}
        stage = objects(["check"] * 2)
        action.insert("case_event", {**columns, "from_stage": stage, "to_stage": stage, "source": objects(["log"] * 2)})
    asked = Evaluate("department", "s3_department")
    made = make_evaluation(make_context(store), asked)
    assert made.exempt["reported"].sum() == 1
    left = make_evaluation(make_context(store), replace(asked, without="exempt"))
    assert left.totals["reported"] == made.totals["reported"] - 1
    chosen = make_evaluation(make_context(store), replace(asked, where={"exempt": ["0"]}))
    assert chosen.totals == left.totals
    both = make_evaluation(make_context(store), replace(asked, where={"exempt": ["0", "1"], "class": []}))
    assert both.totals == made.totals and both.exempt["reported"].sum() == 1
    opened = cases_of_number(make_context(store), CasesOfNumber(both.number_id("reported")))["fids"]
    assert len(opened) == both.totals["reported"]
    with pytest.raises(InputRefused):
        make_evaluation(make_context(store), replace(asked, where={"exempt": ["no"]}))
    # Parted by month and kept: cells without these cases, too, each opening as many cases as it counts.
    parted = keep(store, by2="month", without="exempt", from_date="", to_date="")
    kept = evaluation_from_payload(parted["evaluation"])
    assert kept.cells["reported"].sum() == kept.totals["reported"] == left.totals["reported"]
    for at, row in enumerate(kept.rows):
        number = kept.number_id("reported", row.code, "2020-01")
        cell = kept.cells["reported"][at][[column.code for column in kept.columns].index("2020-01")]
        assert len(cases_of_number(make_context(store), CasesOfNumber(number))["fids"]) == cell
    assert compare_runs(make_context(store), CompareRuns("一月"))["counts"]["changed"] == 0


def test_rows_and_columns_of_one_kind_are_refused(store):
    with pytest.raises(InputRefused) as refused:
        make_evaluation(make_context(store), Evaluate("department", by2="department"))
    assert refused.value.code == "assess.by"


def test_a_row_joined_within_a_filter_opens_what_it_counts(store):
    asked = Evaluate("department", where={"department": ["D0"]}, join={"D1": "D0"})
    made = make_evaluation(make_context(store), asked)
    number = made.number_id("reported", "D0")
    opened = cases_of_number(make_context(store), CasesOfNumber(number))["fids"]
    at = [row.code for row in made.rows].index("D0")
    assert len(opened) == made.counts["reported"][at] > 0


def test_a_difference_below_zero_is_no_denominator(store):
    item = replace(store.profile().indicators[0], numerator="closed", denominator="filed - voided", unit="%")
    counts = {"closed": np.array([1, 1]), "filed": np.array([2, 4]), "voided": np.array([3, 2])}
    value = indicator_value(item, counts).value
    assert np.isnan(value[0]) and value[1] == 50.0


def test_the_table_shows_each_term_and_the_composite(store, tmp_path):
    table = assess(make_context(store), Assess("department", scheme="s3_department"))["table"]
    made = make_evaluation(make_context(store), Evaluate("department", "s3_department"))
    rows = [dict(zip(table["columns"], row)) for row in table["rows"]]
    assert [row["composite"] for row in rows[:-1]] == made.scores.composite.tolist()
    assert rows[-1]["composite"] == made.total.composite[0] and rows[-1]["rank"] == "–"
    assert {f"{term.code}_score" for term in made.scheme.terms} <= set(table["columns"])
    assert any("0.3" in line and "综合指标值" in line for line in table["formulas"])
    parted = assess(make_context(store), Assess("department", by2="month", output=str(tmp_path / "t.xlsx")))["table"]
    assert parted["columns"][2] == "part" and parted["rows"][0][:3] == ["D0", "D0", "2020-01"]
    at = parted["columns"].index("closed")
    assert sum(row[at] for row in parted["rows"][:-1]) == parted["rows"][-1][at]


@pytest.mark.parametrize("ending", ["xlsx", "csv", "gpkg"])
def test_a_kept_run_is_written_as_it_is_kept(store, tmp_path, ending):
    path = tmp_path / f"评价.{ending}"
    kept = keep(store, output=str(path))
    assert path.exists() and kept["table"]["rows"][-1][1] == "合计"
    with pytest.raises(InputRefused) as refusal:
        keep(store, name="x", output=str(tmp_path / "a.docx"))
    assert refusal.value.code == "assess.output"
