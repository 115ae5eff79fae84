# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of the demo city: published figures, log, repeats and faults, counted again from the files alone.

The ground is made up (scattered components and places in four square communities): the figures of the cases do not
depend on the town that they happen in.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from digital_citymgmt_plugin.core.assessment.question import Question
from digital_citymgmt_plugin.core.cases.limits import Limits
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar, due_times
from digital_citymgmt_plugin.core.requests import Assess, ImportAreas, ImportCases, Layer
from digital_citymgmt_plugin.core.requests_assessment import FreezeRun, WriteBrief
from digital_citymgmt_plugin.core.requests_fairness import RateSeries
from digital_citymgmt_plugin.services.areas import import_areas
from digital_citymgmt_plugin.services.assessment import assess
from digital_citymgmt_plugin.services.assessment.brief import write_brief
from digital_citymgmt_plugin.services.assessment.fairness import rate_series
from digital_citymgmt_plugin.services.assessment.panel import panel_of
from digital_citymgmt_plugin.services.assessment.runs import freeze_run
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.profiles import builtin_profile
from scripts.demo_city.__main__ import main
from scripts.demo_city.areas import Areas
from scripts.demo_city.case_faults import AREA_RATES, COORDINATES, RATES
from scripts.demo_city.case_files import FILES, write_cases, write_rows
from scripts.demo_city.case_ground import KINDS, Ground, whole_ground
from scripts.demo_city.case_plan import build_plan
from scripts.demo_city.case_rhythm import build_weather
from scripts.demo_city.case_scale import CASES, CaseScale
from scripts.demo_city.case_table import CaseMaker
from scripts.demo_city.classes import POINTS
from scripts.demo_city.config import CRS, ORIGIN
from scripts.demo_city.worktime import FIRST, HOLIDAYS, MAKE_UP, WORKDAY
from tests.support import locked_numbers, make_context, new_store

# What Qidong reported, and what its rates must be to two decimals (over the cases filed).
WHOLE = ("2014-08-01", "2015-05-07", (27_844, 26_775, 26_751), 96.16, 61.99)
SECOND = ("2015-01-01", "2015-05-07", (12_414, 12_081, 12_073), 97.32, 89.45)
PUBLIC = ("公众举报", "微信", "媒体曝光")
UNITS = {"紧急工作时": "emergency_hour", "工作时": "work_hour", "工作日": "work_day"}


def made_up_ground(many: int = 20_000) -> tuple[Ground, Areas]:
    """Components and places anywhere in four communities of 1.5 km x 1.5 km, in two streets."""
    rng = np.random.default_rng(7)
    squares = np.array([shapely.box(x, y, x + 1500, y + 1500) for x in (0, 1500) for y in (0, 1500)])
    codes = np.array(["320681100001", "320681100003", "320681400002", "320681400003"], object)
    streets = np.array(["320681100", "320681400"], object)
    areas = Areas(
        squares, codes, np.array(["甲社区", "乙社区", "丙社区", "丁社区"], object), np.repeat(streets, 2),
        np.array([shapely.union_all(squares[:2]), shapely.union_all(squares[2:])], object), streets,
        np.array(["汇龙镇", "启东经济开发区"], object),
    )  # fmt: skip
    share = np.array([kind.share for kind in POINTS], float)
    code = np.array([kind.code for kind in POINTS], "S4")[rng.choice(len(POINTS), many, p=share / share.sum())]
    place = rng.uniform(5, 2995, (many, 2))
    address = np.array([f"和平路{n}号附近".encode() for n in range(many)])
    number = np.array([f"PC{n:07d}" for n in range(many)], "S9")
    kinds = rng.integers(0, len(KINDS), many).astype(np.int8)
    return Ground(rng.uniform(5, 2995, (many, 2)), code, number, address, place, kinds, address), areas


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / FILES[name], dtype=str, keep_default_na=False, encoding="utf-8-sig")


@pytest.fixture(scope="module")
def ground() -> tuple[Ground, Areas]:
    return made_up_ground()


@pytest.fixture(scope="module")
def folder(ground, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("qidong")
    write_cases(*ground, CASES["qidong"], 2014, path)
    return path


@pytest.fixture(scope="module")
def cases(folder) -> pd.DataFrame:
    return read(folder, "cases")


@pytest.fixture(scope="module")
def log(folder) -> pd.DataFrame:
    return read(folder, "events")


@pytest.fixture(scope="module")
def truth(folder) -> pd.DataFrame:
    return read(folder, "truth")


def count(folder: Path, first: str, last: str) -> tuple[tuple[int, int, int], float, float]:
    """Count a period row by row."""
    filed = disposed = closed = on_time = 0
    with (folder / "cases.csv").open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            if first <= row["立案时间"][:10] <= last:
                filed += 1
                disposed += row["处置时间"] != ""
                closed += row["结案时间"] != ""
                on_time += row["结案时间"] != "" and row["处置时间"] <= row["截止时间"]
    return (filed, disposed, closed), round(100 * disposed / filed, 2), round(100 * on_time / filed, 2)


@pytest.mark.parametrize(("first", "last", "published", "disposed_rate", "on_time_rate"), [WHOLE, SECOND])
def test_the_files_hold_the_published_figures(folder, first, last, published, disposed_rate, on_time_rate):
    assert count(folder, first, last) == (published, disposed_rate, on_time_rate)


@pytest.mark.soak
def test_the_whole_city_of_qidong_holds_the_published_figures(tmp_path):
    assert main(["--size", "qidong", "--out", str(tmp_path)]) == 0
    for first, last, *published in (WHOLE, SECOND):
        assert count(tmp_path, first, last) == tuple(published)
    codes = set(json.loads((tmp_path / "about.json").read_text(encoding="utf-8"))["communities"])
    assert set(read(tmp_path, "truth")["community_code"]) <= codes


def test_the_log_alone_holds_the_published_figures(cases, log):
    last = log.drop_duplicates(["案件编号", "操作类型"], keep="last").pivot(
        index="案件编号", columns="操作类型", values="操作时间"
    )
    for first, final, published, _, _ in (WHOLE, SECOND):
        filed = last[last["立案"].str[:10].between(first, final)]
        done = filed["处置"].notna() & filed["作废"].isna() & (filed["返工"].isna() | (filed["返工"] < filed["处置"]))
        assert (len(filed), int(done.sum()), int(filed["结案"].notna().sum())) == published
    assert set(last.index) == set(cases["案件编号"])


def chain(cases: pd.DataFrame, log: pd.DataFrame) -> None:
    """Hold every log against itself and its case."""
    before = log.groupby("案件编号", sort=False)[["新阶段", "操作时间"]].shift()
    follows = before["新阶段"].notna()
    assert (log["原阶段"][follows] == before["新阶段"][follows]).all()
    assert (log["操作时间"][follows] > before["操作时间"][follows]).all()
    assert (log["序号"].astype(int) == log.groupby("案件编号", sort=False).cumcount() + 1).all()
    ends = log.groupby("案件编号", sort=False)["新阶段"].last()
    assert (ends[cases["案件编号"]].to_numpy() == cases["当前阶段"].to_numpy()).all()
    for action, column in (("立案", "立案时间"), ("处置", "处置时间"), ("结案", "结案时间"), ("派遣", "派遣时间")):
        at = log[log["操作类型"] == action].groupby("案件编号")["操作时间"].last().reindex(cases["案件编号"])
        said = cases[column] != ""
        assert (at.to_numpy()[said] == cases[column][said].to_numpy()).all()


def test_every_log_is_a_chain_of_moves_in_time(cases, log):
    chain(cases, log)
    assert log["操作时间"].min() >= "2014-08-01"
    assert log["操作时间"].max() < "2015-05-08"
    stages = ("信息收集", "案件建立", "任务派遣", "任务处理", "处理反馈", "核查结案", "结案")
    assert set(log["新阶段"]) == {*stages, "作废", "挂账"}


def test_due_times_are_those_of_the_plugin_s_clock(cases, log):
    """Two clocks written apart; only the days that were holidays are the same table."""
    halted = set(log["案件编号"][log["操作类型"].isin(["挂账", "延期"])])
    plain = cases[(cases["截止时间"] != "") & ~cases["案件编号"].isin(halted)]
    days = FIRST + np.arange(len(WORKDAY))
    table = {day.item(): bool(work) for day, work in zip(days, WORKDAY)}
    start = plain["派遣时间"].to_numpy("datetime64[ms]") - np.timedelta64(8, "h")
    unit = plain["时限单位"].map(UNITS).to_numpy(object)
    due, _ = due_times(
        start, plain["处置时限"].to_numpy(float), unit, WorkCalendar(table=table), "Asia/Shanghai"
    )  # fmt: skip
    wanted = plain["截止时间"].to_numpy("datetime64[ms]") - np.timedelta64(8, "h")
    assert len(plain) > 20_000
    assert (due == wanted).all()


def test_holidays_are_those_that_were_published():
    calendar = pytest.importorskip("chinese_calendar")
    days = FIRST + np.arange(len(WORKDAY))
    told = np.array([calendar.is_workday(day.item()) for day in days])
    assert days[told != WORKDAY].tolist() == []
    assert len(HOLIDAYS) > 10
    assert len(MAKE_UP) > 10


def test_limits_of_events_are_those_of_the_filing_standard(cases):
    limits = Limits(builtin_profile("2013"))
    events = cases[cases["问题类型"] == "事件"]
    kinds = events[["小类代码", "立案条件", "处置时限", "时限单位"]].drop_duplicates()
    told = 0
    for code, condition, amount, unit in kinds.itertuples(index=False):
        limit = limits.of("event", code, condition)
        if limit is not None and code != "0101":  # calendar days there
            told += 1
            assert limit == (float(amount), UNITS[unit]), (code, condition)
    assert told > 15


def groups(names: pd.Series, listed: dict[str, tuple[str, ...]]) -> dict[str, int]:
    count = Counter(names)
    return {group: sum(count.pop(name, 0) for name in members) for group, members in listed.items()} | count


def test_what_the_report_calls_frequent_is_frequent(cases):
    event = groups(cases["小类名称"][cases["问题类型"] == "事件"], {
        "环境卫生": ("暴露垃圾", "积存垃圾渣土", "道路不洁", "道路遗撒", "绿地脏乱", "水域不洁", "绿化弃料"),
        "户外广告": ("非法小广告", "违规户外广告", "违规牌匾标识"), "流动摊贩": ("无照经营游商", "占道经营"),
    })  # fmt: skip
    assert set(sorted(event, key=event.get)[-3:]) == {"环境卫生", "户外广告", "流动摊贩"}
    component = groups(cases["小类名称"][cases["问题类型"] == "部件"], {
        "通讯设施": ("通信井盖", "通讯交接箱", "通信立杆"), "排水设施": ("雨水井盖", "雨水箅子", "污水井盖"),
        "消防设施": ("消防设施",), "电力设施": ("电力井盖", "电力设施", "电力立杆", "变压器（箱）"),
        "交通标志": ("交通标志牌及标线",),
    })  # fmt: skip
    top = {"通讯设施", "排水设施", "消防设施", "电力设施", "交通标志"}
    assert set(sorted(component, key=component.get)[-5:]) == top
    # "Most within one workday": of those disposed of in the second span.
    done = cases[(cases["处置时间"] != "") & (cases["立案时间"] >= "2015")]
    calendar = WorkCalendar(table={day.item(): bool(w) for day, w in zip(FIRST + np.arange(len(WORKDAY)), WORKDAY)})
    minutes = calendar.minutes_between(
        done["派遣时间"].to_numpy("datetime64[ms]"), done["处置时间"].to_numpy("datetime64[ms]")
    )
    assert (minutes <= 480).mean() > 0.5


def test_faults_of_places_come_at_their_rates_and_are_what_they_are_called(cases, truth):
    assert (cases["案件编号"] == truth["case_no"]).all()
    kind, public = truth["coordinates"], cases["问题来源"].isin(PUBLIC)
    for group in (True, False):
        here = kind[public == group]
        for name, rate in zip(COORDINATES[1:], RATES[group][1:]):
            assert abs((here == name).sum() - rate * len(here)) <= 5 * (rate * len(here)) ** 0.5 + 1, (group, name)
    x, y = cases["X坐标"], cases["Y坐标"]
    same = (x == truth["x"]) & (y == truth["y"])
    assert same[kind == "right"].all()
    assert not same[kind != "right"].any()
    assert ((x == "") & (y == ""))[kind == "blank"].all()
    assert ((x == "0") & (y == "0"))[kind == "zero"].all()
    assert ((x != "") & (y == ""))[kind == "half"].all()
    off = np.hypot(*(pd.to_numeric(told) - pd.to_numeric(truth[axis]) for told, axis in ((x, "x"), (y, "y"))))
    assert off[kind == "rough"].between(9.9, 60.1).all()
    assert (off[kind == "digit"] % 1000 == 0).all() and off[kind == "digit"].between(1000, 9000).all()
    assert len(set(zip(x[kind == "seat"], y[kind == "seat"]))) == 1


def test_stated_areas_differ_at_their_rates(cases, truth, ground):
    areas = ground[1]
    code = dict(zip(areas.name, areas.code))
    streets = dict(zip(areas.streets_name, areas.streets_code))
    said, street = cases["所在社区"].map(code), cases["所在街道"].map(streets)
    kind, public = truth["stated_area"], cases["问题来源"].isin(PUBLIC)
    true_street = truth["community_code"].str[:9]
    assert ((said == truth["community_code"]) & (street == true_street))[kind == "right"].all()
    assert (said != truth["community_code"])[kind == "other_community"].all()
    assert ((said == truth["community_code"]) & (street != true_street))[kind == "other_street"].all()
    assert (cases["所在社区"] == "")[kind == "blank"].all()
    located = ~truth["coordinates"].isin(["blank", "zero", "half"])
    for group in (True, False):
        here = kind[(public == group) & located]
        rate = AREA_RATES[group][0]
        assert abs((here == "other_community").sum() - rate * len(here)) <= 5 * (rate * len(here)) ** 0.5 + 1
    # … and in truth each case lies where the truth says.
    shape = dict(zip(areas.code, areas.community))
    points = shapely.points(truth["x"].astype(float) - ORIGIN[0], truth["y"].astype(float) - ORIGIN[1])
    assert shapely.intersects(np.array([shape[c] for c in truth["community_code"]]), points).all()


def test_repeats_in_the_truth_are_all_there_are(folder, cases, log, truth):
    """Goes through the cases of each place one by one, by the rule alone."""
    row = cases.set_index("案件编号")
    void = log[log["操作类型"] == "作废"].set_index("案件编号")["操作时间"].to_dict()
    told = read(folder, "repeats")
    key = truth["recurring_place"].where(truth["recurring_place"] != "", truth["component_source_id"])
    key = dict(zip(truth["case_no"], key))
    reported, filed = row["上报时间"].to_dict(), row["立案时间"].to_dict()
    gone = {n: t or void.get(n, "9999") for n, t in row["处置时间"].items()}
    shut = {n: t or void.get(n, "9999") for n, t in row["结案时间"].items()}
    planted = set(told["case_no"]) - {n for n in told["case_no"] if key[n] and filed[n]}
    links = {r.case_no: (r.earlier_case_no, r.kind, r.closed_before) for r in told.itertuples()}
    where = dict(zip(truth["case_no"], zip(truth["x"], truth["y"])))
    last: dict[str, list[str]] = {}
    for number in cases["案件编号"]:
        link = links.get(number)
        if link and where[number] == where[link[0]]:  # tells of the very same thing
            assert link[1:] == ("duplicate", "0")
            assert reported[link[0]] < reported[number] < gone[link[0]]
            assert key[number] == key[link[0]]
            continue
        assert number not in planted
        if not key[number] or not filed[number]:
            continue
        if key[number] in last:
            first, until, closed = last[key[number]]
            again = reported[number] < until
            assert link == (first, "duplicate" if again else "relapse", str(int(reported[number] >= closed)))
            begun = first if again else number
            last[key[number]] = [begun, max(until, gone[number]), max(closed, shut[number])]
        else:
            assert link is None
            last[key[number]] = [number, gone[number], shut[number]]
    kinds = Counter(told["kind"])
    assert kinds["relapse"] > 3_000 and kinds["duplicate"] > 1_000


def test_duplicates_come_through_another_channel_and_are_mostly_refused(folder, cases, truth):
    told = read(folder, "repeats")
    place = dict(zip(truth["case_no"], zip(truth["x"], truth["y"])))
    source, filed = (dict(zip(cases["案件编号"], cases[name])) for name in ("问题来源", "立案时间"))
    pairs = [(a, b) for a, b in zip(told["case_no"], told["earlier_case_no"]) if place[a] == place[b]]
    assert len(pairs) > 1_000
    assert all(source[one] != source[other] for one, other in pairs)
    assert 0.6 < np.mean([filed[one] == "" for one, _ in pairs]) < 0.9


def test_recurring_places_are_where_the_truth_says(folder, cases, truth):
    places = read(folder, "recurring_places").set_index("place")
    code, at = (dict(zip(cases["案件编号"], cases[name])) for name in ("小类代码", "上报时间"))
    inside = truth[truth["recurring_place"] != ""]
    assert Counter(inside["recurring_place"]) == {n: int(c) for n, c in places["cases"].items() if c != "0"}
    for number, name, x, y in zip(inside["case_no"], inside["recurring_place"], inside["x"], inside["y"]):
        place = places.loc[name]
        assert np.hypot(float(x) - float(place["x"]), float(y) - float(place["y"])) < 26.0
        assert code[number] == place["class_code"]
        assert place["since"] <= at[number][:10] <= place["until"]
    many = places["cases"].astype(int).groupby(places["habit"]).mean()
    assert many["stubborn"] > 2.5 * many["steady"]
    assert 0.2 < len(inside) / len(cases) < 0.35


def test_days_hours_and_weather_leave_their_mark(folder, cases):
    days = read(folder, "days").set_index("day")
    reports = days["reports"].astype(int)
    assert Counter(cases["上报时间"].str[:10]) == reports[reports > 0].to_dict()
    on_duty = cases["问题来源"] == "监督员上报"
    counted = cases[on_duty]["上报时间"].str[:10].value_counts().reindex(days.index, fill_value=0)
    work = days["workday"] == "1"
    assert counted[work].mean() > 1.5 * counted[~work].mean()
    hour = cases["上报时间"].str[11:13].astype(int)
    assert hour[on_duty].between(7, 17).mean() > 0.9
    assert (hour[~on_duty] >= 18).mean() > 2 * (hour[on_duty] >= 18).mean()
    weather = cases["上报时间"].str[:10].map(days["weather"])
    share = (cases["小类代码"] + cases["问题类型"] == "0506事件").groupby(weather).mean()
    assert share["暴雨大风"] > 5 * share["晴"]
    month = cases["上报时间"].str[5:7]
    barbecue = (cases["小类代码"] + cases["问题类型"] == "0129事件").groupby(month).mean()
    assert barbecue["08"] > 2 * barbecue["01"]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(ground, tmp_path):
    def digest(path: Path) -> list[str]:
        return [hashlib.sha256((path / file).read_bytes()).hexdigest() for file in FILES.values()]

    for name, seed in (("first", 2014), ("same", 2014), ("other", 2015)):
        write_cases(*ground, CASES["small"], seed, tmp_path / name)
    assert digest(tmp_path / "same") == digest(tmp_path / "first")
    assert all(one != other for one, other in zip(digest(tmp_path / "other"), digest(tmp_path / "first")))


def test_any_size_is_made_in_batches_of_whole_days(ground):
    spans = CASES["small"].spans
    scale = CaseScale(3_000, spans, 40, 25, batch=400)
    batches = [batch.cases for batch in CaseMaker(*ground, scale, 3).batches()]
    assert len(batches) > 5
    assert all(len(batch["案件编号"]) < 500 for batch in batches)
    days = [set(pd.Series(batch["上报时间"]).str[:10]) for batch in batches]
    assert all(not one & other for one, other in zip(days, days[1:]))
    table = pd.concat(pd.DataFrame(batch) for batch in batches)
    assert table["案件编号"].is_unique
    filed = table[table["立案时间"] != ""]
    assert (len(filed), (filed["结案时间"] != "").sum()) == (2_784, 2_675)


def test_the_large_city_has_a_million_cases():
    scale = CASES["qingdao"]
    plan = build_plan(scale, build_weather(2014), 2014)
    assert len(plan) == 1_000_000
    filed = plan.role >= 2
    for span in scale.spans:
        here = filed & (plan.reported >= span.begin) & (plan.reported < span.end)
        assert (int(here.sum()), int((plan.on_time & here).sum())) == (span.counts.filed, span.counts.on_time)
    assert sum(column.nbytes for column in vars(plan).values()) < 20e6


def test_a_fiftieth_of_the_large_city_is_as_sound(ground, tmp_path):
    scale = CASES["qingdao"].part(50)
    write_cases(*ground, scale, 2014, tmp_path)
    cases, log = read(tmp_path, "cases"), read(tmp_path, "events")
    chain(cases, log)
    assert log["操作时间"].max()[:10] <= scale.spans[-1].last
    done = cases[cases["当前阶段"].isin(["核查结案", "结案"])]
    for span in scale.spans:
        here = done["立案时间"].str[:10].between(span.first, span.last)
        closed = (done["结案时间"] != "")[here]
        on_time = closed & (done["处置时间"] <= done["截止时间"])[here]
        counts = span.counts
        assert (int(here.sum()), int(closed.sum()), int(on_time.sum())) == (
            counts.disposed, counts.closed, counts.on_time,
        )  # fmt: skip


def test_every_size_ends_on_a_workday():
    assert all(WORKDAY[scale.end // 86_400 - 1] for scale in CASES.values())


def test_ground_of_parts_is_that_of_the_whole(ground):
    whole, _ = ground
    cut = [Ground(*(column[rows] for column in vars(whole).values())) for rows in (slice(0, 9_000), slice(9_000, None))]
    joined = whole_ground(cut)
    assert all((getattr(joined, name) == column).all() for name, column in vars(whole).items())


def test_a_text_that_needs_quotes_is_refused(tmp_path):
    with (tmp_path / "t.csv").open("w") as handle, pytest.raises(ValueError, match="quotes"):
        write_rows(handle, {"a": ["1", "2"], "b": ["x", "y,z"]}, heading=True)


def briefed(context, folder, first, last, published, disposed_rate, on_time_rate) -> None:
    """Hold what a brief says of a kept run against what was published."""
    freeze_run(context, FreezeRun("department", "qidong", from_date=first, to_date=last, by2="year", name=first))
    path = folder / f"{first}.docx"
    answer = write_brief(context, WriteBrief(run=first, document=str(path), before="-", year="-"))
    said = re.sub(r"\[\d+\]", "", "".join(text for _, lines in answer["sections"] for text in lines))
    fields = locked_numbers(path)
    for count in published:
        assert f"{count}件" in said and str(count) in fields
    for rate in (disposed_rate, on_time_rate):
        assert f"{rate:.2f}%" in said and f"{rate:.2f}%" in fields


def test_the_plugin_counts_the_published_figures(ground, folder, tmp_path):
    areas = ground[1]
    placed = shapely.transform(areas.community, lambda xy: xy + np.array(ORIGIN, float))
    columns = {"code": areas.code, "name": areas.name, "geom": placed}
    path = str(tmp_path / "areas.gpkg")
    CityFiles().write_layer(path, "areas", columns, CRS, "Polygon")
    store = new_store(tmp_path / "city.gpkg")
    try:
        context = make_context(store)
        import_areas(context, ImportAreas(Layer(path), "community", "code", "name"))
        events = Layer(str(folder / "case_events.csv"))
        result = import_cases(context, ImportCases(Layer(str(folder / "cases.csv"), crs=CRS), events=events))["counts"]
        assert (result["read"], result["inserted"], result["rejected"]) == (30_000, 30_000, 0)
        assert result["events"] == result["events_read"] == sum(1 for _ in (folder / "case_events.csv").open("rb")) - 1
        for first, last, published, disposed_rate, on_time_rate in (WHOLE, SECOND):
            for by in ("community", "department"):
                table = assess(context, Assess(by, first, last, scheme="all"))["table"]
                total = dict(zip(table["columns"], table["rows"][-1]))
                assert (total["filed"], total["disposed"], total["closed"]) == published
                assert total["disposal_rate_of_filed"] == disposed_rate
                assert total["closing_on_time_rate_of_filed"] == on_time_rate
            counted = panel_of(context).counts(Question("department", "month", "filed", first, last))
            told = {code: int(values.sum()) for code, values in counted.counts.items()}
            assert (told["filed"], told["disposed"], told["closed"]) == published
            assert round(100 * told["disposed"] / told["filed"], 2) == disposed_rate
            assert round(100 * told["closed_on_time"] / told["filed"], 2) == on_time_rate
        series = RateSeries("closing_on_time_rate_of_filed", "year", from_date=WHOLE[0], to_date=WHOLE[1])
        years = rate_series(context, series)
        rates = [[row[years["columns"].index(name)] for name in ("rate", "rate_so_far")] for row in years["rows"]]
        assert rates == [[39.9, 39.9], [89.45, 61.99]]  # what the cumulative 61.99 % hides
        for period in (WHOLE, SECOND):
            briefed(context, tmp_path, *period)
    finally:
        store.close()
