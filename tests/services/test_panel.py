# SPDX-License-Identifier: GPL-2.0-or-later
"""The panel: counts by row and period, at any cut-off, kept up to date; each number opens its cases."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.counts import COUNTS, KNOWN
from digital_citymgmt_plugin.core.assessment.evaluation import Selection
from digital_citymgmt_plugin.core.assessment.number_ids import NumberId
from digital_citymgmt_plugin.core.assessment.question import Question
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Assess, MoveCases, UndoOperation
from digital_citymgmt_plugin.core.requests_assessment import CasesOfNumber, WarmPanel
from digital_citymgmt_plugin.services.assessment import assess
from digital_citymgmt_plugin.services.assessment.panel import Panel, cases_of_number, panel_of, warm_panel
from digital_citymgmt_plugin.services.assessment.tallies import tally
from digital_citymgmt_plugin.services.case_moves import move_cases
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.support import make_context, new_store

STEPS = ("report", "accept", "file", "dispatch", "dispose", "feedback", "check", "close")
STAGES = ("collection", "filing", "dispatch", "disposal", "feedback", "check", "check", "closed")
COLUMNS = (
    "reported_at", "accepted_at", "filed_at", "dispatched_at", "disposed_at", "feedback_at", "checked_at", "closed_at",
)  # fmt: skip


def moment(day: int, hour: int = 0) -> str:
    return f"2020-01-{day:02d}T{hour:02d}:00:00.000Z"


@pytest.fixture
def store(tmp_path):
    """Twelve cases of two departments: case n has come n % 8 + 1 steps far, one step a day from day n on."""
    opened = new_store(tmp_path / "c.gpkg")
    with opened.action("set up") as action:
        rows, events = [], []
        for number in range(12):
            far = number % 8 + 1
            times = [moment(number + 1 + step) if step < far else None for step in range(8)]
            rows.append((f"N{number}", "监督员上报" if number % 3 else "公众举报", f"D{number % 2}", STAGES[far - 1],
                         moment(number + 5), *times))  # fmt: skip
            for step in range(far):
                before = STAGES[step - 1] if step else None
                who, office = f"人{step}", f"D{number % 2}"
                events.append((number + 1, STEPS[step], before, STAGES[step], times[step], who, office))
        names = ("case_no", "source", "dept_code", "stage", "stated_due_at", *COLUMNS)
        columns = {name: objects(values) for name, values in zip(names, zip(*rows))}
        columns["due_at"] = columns["stated_due_at"]
        action.insert("case_record", columns)
        names = ("case_fid", "action", "from_stage", "to_stage", "at", "done_by", "dept_code")
        listed = {name: objects(values) for name, values in zip(names, zip(*events))}
        listed["source"] = objects(["import"] * len(events))
        action.insert("case_event", listed)
    yield opened
    opened.close()


def table(counted, code):
    return dict(zip(counted.codes, counted.counts[code].tolist()))


def test_counts_are_those_of_the_assessment_table(store):
    context = make_context(store)
    counted = panel_of(context).counts(Question("department"))
    told = assess(context, Assess("department"))["table"]
    for row in told["rows"][:-1]:
        for code, value in zip(told["columns"], row):
            if code in KNOWN:
                assert table(counted, code)[row[0]] == value, code


def test_at_an_earlier_cut_off_the_log_is_taken_back(store):
    panel = panel_of(make_context(store))
    at = table(panel.counts(Question("department", cut_off="2020-01-06")), "reported")
    assert sum(at.values()) == 6  # six cases reported by the end of the sixth in China
    for day in range(1, 21):
        cut_off = moment(day, 12)
        counted = panel.counts(Question("kind", cut_off=cut_off))
        reached = [min(max(day - number, 0), number % 8 + 1) for number in range(12)]
        wanted = {"reported": 1, "accepted": 2, "filed": 3, "dispatched": 4, "disposed": 5, "closed": 8}
        for code, steps in wanted.items():
            assert int(counted.counts[code].sum()) == sum(far >= steps for far in reached), (day, code)


def test_a_period_selects_by_filing_by_report_or_by_each_counts_own_moment(store):
    panel = panel_of(make_context(store))
    filed = panel.counts(Question("kind", basis="filed", from_day="2020-01-05", to_day="2020-01-06"))
    flow = panel.counts(Question("kind", basis="flow", from_day="2020-01-08", to_day="2020-01-09"))
    assert int(filed.counts["filed"].sum()) == 2
    assert int(flow.counts["closed"].sum()) == 0
    assert int(panel.counts(Question("kind", basis="flow", from_day="2020-01-15")).counts["closed"].sum()) == 1
    months = panel.counts(Question("department", "day"))
    assert months.counts["reported"].sum() == 12
    assert months.codes2[0] == "2020-01-01"


def test_every_number_opens_its_cases(store):
    panel = panel_of(make_context(store))
    question = Question("department", "day", "filed", "2020-01-02", "2020-01-12")
    counted = panel.counts(question)
    bools = [code for code in COUNTS if not code.endswith(("_times", "_hours"))]
    for code in bools:
        for row, name in enumerate(counted.codes):
            for column, day in enumerate(counted.codes2):
                fids = panel.cases(question, code, name, day)
                assert len(fids) == counted.counts[code][row, column], (code, name, day)
    assert set(panel.cases(Question("kind"), "filed - closed").tolist()).isdisjoint(
        panel.cases(Question("kind"), "closed").tolist()
    )


def test_a_move_of_ours_is_taken_up(store):
    context = make_context(store)
    panel = panel_of(context)
    before = int(panel.counts(Question("kind")).counts["filed"].sum())
    fid = int(panel.cases(Question("kind"), "accepted - filed")[0])
    move_cases(context, MoveCases([fid], "file", role="shift_lead", done_by="甲"))
    again = panel_of(context)
    assert again is panel
    assert int(again.counts(Question("kind")).counts["filed"].sum()) == before + 1
    assert again.counts(Question("filer")).codes.count("甲") == 1


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (Question("colour"), "assess.by"), (Question("kind", basis="x"), "assess.basis"),
        (Question("kind", from_day="2020-13"), "assess.date"), (Question("kind", where={"x": ("1",)}), "assess.where"),
        (Question("kind", from_day="2020-02-01", to_day="2020-01-01"), "assess.period"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(store, question, code):
    panel = panel_of(make_context(store))
    with pytest.raises(InputRefused) as error:
        panel.counts(question)
    assert error.value.code == code
    with pytest.raises(InputRefused):
        panel.counts(Question("kind"), ["nothing"])


def test_a_store_without_cases_has_counts_of_nothing(tmp_path):
    opened = new_store(tmp_path / "e.gpkg")
    counted = panel_of(make_context(opened)).counts(Question("department", "month", cut_off="2020-01-01"))
    assert counted.cases == 0
    assert all(not np.any(values) for values in counted.counts.values())
    opened.close()


def test_a_number_is_opened_by_its_text(store):
    context = make_context(store)
    counted = panel_of(context).counts(Question("department", "", "filed", "2020-01-02", "2020-01-12"))
    number = NumberId("closed", {"department": "D1"}, "filed", "2020-01-02", "2020-01-12")
    found = cases_of_number(context, CasesOfNumber(number.to_text()))
    assert found["counts"]["cases"] == table(counted, "closed")["D1"]
    every = cases_of_number(context, CasesOfNumber(NumberId("reported").to_text()))
    assert every["fids"] == list(range(1, 13))
    with pytest.raises(InputRefused) as error:
        cases_of_number(context, CasesOfNumber("closed"))
    assert error.value.code == "assess.number_id"


def test_numbers_of_posts_and_of_sums_open_their_cases(store):
    context = make_context(store)
    told = tally(context, Selection("shift_lead", basis="filed"))
    for row, of in enumerate(told.rows):
        for code in ("filed", "closed", "closed_on_time"):
            found = cases_of_number(context, CasesOfNumber(NumberId(code, {"shift_lead": of.code}).to_text()))
            assert found["counts"]["cases"] == told.counts[code][row], (of.code, code)
    panel = panel_of(context)
    kinds = Question("kind")
    open_ones = set(panel.cases(kinds, "dispatched - disposed + voided").tolist())
    assert open_ones == set(panel.cases(kinds, "dispatched").tolist()) - set(panel.cases(kinds, "disposed").tolist())
    with pytest.raises(InputRefused):
        panel.cases(kinds, "closed +")


def test_reading_is_gone_on_with_bit_by_bit(store):
    moments = (datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=3 * n) for n in range(10_000))
    context = replace(make_context(store), clock=lambda: next(moments))  # every look at the clock takes 3 ms
    asked = 0
    told = {"ready": False}
    while not told["ready"]:
        told = warm_panel(context, WarmPanel(5))
        asked += 1
    assert 5 < asked < 100
    assert told == {**told, "ready": True, "fraction": 1.0}


def test_what_is_taken_up_is_what_reading_anew_gives(store):
    """Moves of all kinds, a cut-off between, undo: no case and no count differs from a panel read from the start."""
    context = make_context(store)
    panel = panel_of(context)
    operations = []
    for action, role, more in (
        ("accept", "acceptor", {}), ("file", "shift_lead", {}),
        ("park", "dispatcher", {"payload": {"until": "2030-01-01"}}),
        ("void", "commander", {}), ("check", "collector", {}), ("close", "shift_lead", {}),
        ("rework", "dispatcher", {}), ("return", "department", {}), ("appeal", "department", {}),
    ):  # fmt: skip
        request = MoveCases(panel.fids.tolist(), action, role=role, done_by="甲", reason="因", **more)
        operations.append(move_cases(context, request)["operation"])
        assert panel_of(context) is panel
    undo_operation(context, UndoOperation(operations[-1]))
    for cut_off in ("", "2020-01-09"):
        fresh = Panel(store, "未定")
        fresh.load(context)
        for by in ("department", "closer", "source"):
            for basis in ("filed", "flow"):
                question = Question(by, "", basis, "2020-01-03", "", cut_off)
                told, anew = panel_of(context).counts(question), fresh.counts(question)
                assert told.codes == anew.codes
                assert {code: values.tolist() for code, values in told.counts.items()} == {
                    code: values.tolist() for code, values in anew.counts.items()
                }  # fmt: skip
    assert panel_of(context) is panel


def test_days_are_those_of_the_city_also_where_clocks_change(tmp_path):
    """6 and 7 November 2021 in New York: four, then five hours behind; the hour that comes twice is one day's."""
    opened = new_store(tmp_path / "n.gpkg", crs="EPSG:26986", time_zone="America/New_York")
    moments = ["2021-11-07T03:59:59.000Z", "2021-11-07T04:00:00.000Z", "2021-11-07T05:30:00.000Z",
               "2021-11-07T06:30:00.000Z", "2021-11-08T04:59:59.000Z", "2021-11-08T05:00:00.000Z"]  # fmt: skip
    with opened.action("set up") as action:
        numbers = objects(f"N{place}" for place in range(len(moments)))
        action.insert("case_record", {"case_no": numbers, "reported_at": objects(moments)})
    panel = panel_of(make_context(opened))
    days = panel.counts(Question("kind", "day", "reported"))
    assert dict(zip(days.codes2, days.counts["reported"].sum(axis=0).tolist())) == {
        "2021-11-06": 1, "2021-11-07": 4, "2021-11-08": 1, "": 0,
    }  # fmt: skip
    assert int(panel.counts(Question("kind", cut_off="2021-11-07")).counts["reported"].sum()) == 5
    opened.close()


def test_an_earlier_cut_off_has_the_departments_of_then(tmp_path):
    """Cases are sent from office to office; each cut-off against a plain walk along the log."""
    rng = np.random.default_rng(4)
    store = new_store(tmp_path / "sent.gpkg")
    rows, events, logs = [], [], {}
    for number in range(25):
        day = int(rng.integers(1, 6))
        log = [
            ("report", None, "collection", moment(day), None),
            ("accept", "collection", "filing", moment(day, 1), None),
            ("file", "filing", "dispatch", moment(day, 2), None),
        ]
        for turn in range(int(rng.integers(1, 4))):
            office = f"D{int(rng.integers(1, 5)):02d}"
            log.append(("dispatch", "dispatch", "disposal", moment(day + 3 * turn + 1), office))
            if turn < 2:
                log.append(("return", "disposal", "dispatch", moment(day + 3 * turn + 2), office))
        logs[number + 1] = log
        rows.append((f"N{number}", log[-1][4], log[-1][2], log[0][3], log[1][3], log[2][3]))
        events += [(number + 1, *step) for step in log]
    with store.action("set up") as action:
        names = ("case_no", "dept_code", "stage", "reported_at", "accepted_at", "filed_at")
        action.insert("case_record", {name: objects(values) for name, values in zip(names, zip(*rows))})
        names = ("case_fid", "action", "from_stage", "to_stage", "at", "dept_code")
        listed = {name: objects(values) for name, values in zip(names, zip(*events))}
        action.insert("case_event", {**listed, "source": objects(["import"] * len(events))})
    panel = panel_of(make_context(store))
    for day in range(2, 14):
        cut_off = moment(day, 12)
        expected = {}
        for number, log in logs.items():
            if log[0][3] > cut_off:
                continue
            named = [office for *_, at, office in log if at <= cut_off and office]
            code = named[-1] if named else rows[number - 1][1]
            expected[code] = expected.get(code, 0) + 1
        question = Question("department", cut_off=cut_off)
        assert {code: count for code, count in table(panel.counts(question), "reported").items() if count} == expected
        for code, count in expected.items():
            assert len(panel.cases(question, "reported", code)) == count
    with store.action(
        "a log of another platform"
    ) as action:  # its offices did the steps; whose cases they are is the row's
        fids = store.read("case_event", ["fid"], [], ["fid"])["fid"].astype(np.int64)
        action.update("case_event", fids, {"source": objects(["log"] * len(fids))})
    known = table(panel_of(make_context(store)).counts(Question("department", cut_off=moment(13, 12))), "reported")
    assert {code: count for code, count in known.items() if count} == dict(Counter(row[1] for row in rows))
    notes = [code for code, _ in tally(make_context(store), Selection("department", cut_off=moment(5))).notes]
    assert "table.as_of" in notes
    assert "table.as_of" not in [code for code, _ in tally(make_context(store), Selection("department")).notes]
    store.close()
