# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases, their log and the truth behind them as tables with the headings that users' tables have, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.areas import Areas
from scripts.demo_city.case_faults import COORDINATES, STATED, coordinates, nearest_areas, stated_areas
from scripts.demo_city.case_ground import Ground, ground_of, seat_of
from scripts.demo_city.case_log import build_log
from scripts.demo_city.case_places import Stage, Subjects
from scripts.demo_city.case_plan import Plan, build_plan
from scripts.demo_city.case_repeats import Links, Memory, find_origins, other_source
from scripts.demo_city.case_rhythm import WEATHER, build_weather
from scripts.demo_city.case_scale import CASES, REPORTED_AGAIN, CaseScale, case_stream
from scripts.demo_city.case_spots import HABITS
from scripts.demo_city.cases import Life, build_lives
from scripts.demo_city.components import Components
from scripts.demo_city.config import ORIGIN
from scripts.demo_city.departments import DEPARTMENTS
from scripts.demo_city.matters import EVENTS, SOURCES, UNITS, URGENT
from scripts.demo_city.places import Site
from scripts.demo_city.worktime import DAY, FIRST, WORKDAY, text_of

Array = Any
Table = dict[str, Any]
WITH_COMPONENT_ID = 0.45  # share of component cases that name the component
MAJOR = {True: ("", "公用设施", "交通设施", "市容环境设施", "园林绿化设施", "其他部件"),
         False: ("", "市容环境", "宣传广告", "施工管理", "街面秩序", "突发事件", "其他事件")}  # fmt: skip
TIMES = {"reported": "上报时间", "accepted": "受理时间", "filed": "立案时间", "dispatched": "派遣时间",
         "disposed": "处置时间", "feedback": "反馈时间", "checked": "核查时间", "closed": "结案时间",
         "due": "截止时间"}  # fmt: skip
_SOURCES = np.array([name for name, _ in SOURCES], object)
_UNITS = np.array(UNITS, object)


@dataclass
class CaseTables:
    """Cases, their log, and what only the maker knows."""

    cases: Table
    events: Table
    truth: Table
    repeats: Table
    # Of all batches together: empty but in the last one.
    recurring_places: Table
    days: Table


class CaseMaker:
    """Makes the cases of a city batch by batch; each batch depends on the seed and on its number alone."""

    def __init__(self, ground: Ground, areas: Areas, scale: CaseScale, seed: int) -> None:
        self.ground, self.areas, self.scale, self.seed = ground, areas, scale, seed
        self.weather = build_weather(seed)
        self.plan = build_plan(scale, self.weather, seed)
        self.stage = Stage(ground, areas, scale, self.weather, seed)
        spots = len(self.stage.spots.matter)
        self.memory = Memory(spots + len(ground.component_code))
        self.numbers = np.empty(len(self.plan), dtype="S20")
        self.neighbour = nearest_areas(areas)
        self.seat = seat_of(areas, ground)
        self.many = np.zeros(spots, dtype=np.int64)
        self.first, self.last = np.full(spots, -1), np.full(spots, -1)

    def batches(self) -> Iterator[CaseTables]:
        """Yield the tables of each batch, in the order of the reports."""
        cuts = self.plan.batches(self.scale.batch)
        for number, (first, stop) in enumerate(cuts):
            tables = self._batch(number, first, stop)
            if number == len(cuts) - 1:
                tables.recurring_places, tables.days = self._places(), self._days()
            yield tables

    def _batch(self, number: int, first: int, stop: int) -> CaseTables:
        def rng(stage: str) -> np.random.Generator:
            return case_stream(self.seed, stage, number)

        plan = self.plan.part(first, stop)
        subject = self.stage.subjects(plan, rng("subject"))
        draw, repeat = rng("life"), rng("repeat")
        life = self._lives(plan, subject, draw)
        over = self.memory.overlapping(plan, life, self._keys(subject))
        over = over[repeat.random(len(over)) >= REPORTED_AGAIN]
        subject.put(over, self.stage.subjects(plan.rows(over), repeat, once=True))
        life.put(over, self._lives(plan.rows(over), subject.rows(over), draw))
        origin = find_origins(plan, life, repeat)
        again = np.flatnonzero(origin >= 0)
        subject.put(again, subject.rows(origin[again]))
        plan.source = other_source(plan.source, origin, repeat)
        life.put(again, self._lives(plan.rows(again), subject.rows(again), draw))

        case_no = _case_numbers(subject, plan.reported)
        self.numbers[first:stop] = case_no
        department = subject.department
        log, stage = build_log(plan, life, case_no, department, origin, self.scale.collectors, rng("log"))
        cases, truth = self._case_tables(plan, life, subject, case_no, stage, rng("fault"))
        links = self.memory.links(plan, life, self._keys(subject), origin, first)
        self._remember(subject.recurring, plan.reported)
        return CaseTables(cases, log, truth, self._repeats(links), {}, {})

    def _lives(self, plan: Plan, subject: Subjects, rng: np.random.Generator) -> Life:
        return build_lives(plan, subject.limit, subject.unit, self.scale.end, rng)

    def _keys(self, subject: Subjects) -> Array:
        """Return a number per recurring place and component, -1 for cases at neither."""
        key = np.where(subject.recurring >= 0, subject.recurring, subject.component + len(self.many))
        key[(subject.recurring < 0) & (subject.component < 0)] = -1
        return key

    def _case_tables(
        self, plan: Plan, life: Life, subject: Subjects, case_no: Array, stage: Array, rng: np.random.Generator
    ) -> tuple[Table, Table]:
        areas, xy = self.areas, subject.xy
        community = areas.community_of(shapely.points(xy))
        hit = subject.component >= 0
        kind, x, y = coordinates(xy, plan.source, self.seat, rng)
        said, street, name = stated_areas(areas, self.neighbour, community, plan.source, kind, rng)
        source_id = np.where(hit, self.ground.component_id[subject.component], b"").astype(str).astype(object)
        named = hit & (rng.random(len(plan)) < WITH_COMPONENT_ID)
        cases: Table = {
            "案件编号": case_no,
            "问题类型": np.where(hit, "部件", "事件"),
            "大类": _majors(hit, subject.code),
            "小类代码": subject.code,
            "小类名称": subject.name,
            "立案条件": subject.condition,
            "问题来源": _SOURCES[plan.source],
            "X坐标": x,
            "Y坐标": y,
            "地址描述": _addresses(subject.address, areas.name[community]),
            "所在街道": street,
            "所在社区": name,
            "部件编码": np.where(named, source_id, ""),
            "部门编码": subject.department,
            "处置部门": _mapped(subject.department, DEPARTMENTS),
            "处置时限": subject.limit,
            "时限单位": _UNITS[subject.unit],
            **{heading: text_of(life.time[time]) for time, heading in TIMES.items()},
            "是否紧急": np.where(np.isin(subject.condition.astype(str), URGENT), "是", "否"),
            "挂账": np.where((stage == "挂账") & (life.time["closed"] < 0), "是", "否"),
            "回退次数": (life.between["returned"] >= 0).astype(int),
            "延期次数": (life.between["extended"] >= 0).astype(int),
            "返工次数": (life.between["reworked"] >= 0).astype(int),
            "当前阶段": stage,
        }
        truth: Table = {
            "case_no": case_no,
            "component_source_id": source_id,
            "recurring_place": _place_names(subject.recurring),
            "x": np.char.mod("%.3f", xy[:, 0] + ORIGIN[0]).astype(object),
            "y": np.char.mod("%.3f", xy[:, 1] + ORIGIN[1]).astype(object),
            "community_code": areas.code[community],
            "coordinates": np.array(COORDINATES, object)[kind],
            "stated_area": np.array(STATED, object)[said],
        }
        return cases, truth

    def _repeats(self, links: Links) -> Table:
        days = np.round(links.seconds / DAY, 2)
        return {
            "case_no": self.numbers[links.case].astype(str).astype(object),
            "earlier_case_no": self.numbers[links.earlier].astype(str).astype(object),
            "kind": np.where(links.relapse, "relapse", "duplicate"),
            "closed_before": links.closed_before.astype(int),
            "days": np.char.mod("%.2f", days).astype(object),
        }

    def _remember(self, recurring: Array, reported: Array) -> None:
        rows = np.flatnonzero(recurring >= 0)
        place = recurring[rows]
        self.many += np.bincount(place, minlength=len(self.many))
        self.last[place] = reported[rows]  # in the order of reports: the last one stays
        new = rows[::-1][self.first[place[::-1]] < 0]
        self.first[recurring[new]] = reported[new]

    def _places(self) -> Table:
        """Return the truth about recurring places: where, what, how often, mean days between two reports."""
        spots = self.stage.spots
        gap = (self.last - self.first) / DAY / np.maximum(self.many - 1, 1)
        return {
            "place": _place_names(np.arange(len(spots.matter))),
            "x": np.char.mod("%.3f", spots.xy[:, 0] + ORIGIN[0]).astype(object),
            "y": np.char.mod("%.3f", spots.xy[:, 1] + ORIGIN[1]).astype(object),
            "class_code": _objects([EVENTS[n].code for n in spots.matter]),
            "class_name": _objects([EVENTS[n].name for n in spots.matter]),
            "cases": self.many,
            "first_reported": text_of(self.first),
            "last_reported": text_of(self.last),
            "mean_gap_days": np.round(gap, 1),
            "habit": _objects([HABITS[n] for n in spots.habit]),
            "since": _objects([text[:10] for text in text_of(spots.since)]),
            "until": _objects([text[:10] for text in text_of(spots.until - DAY)]),
        }

    def _days(self) -> Table:
        """Return the days of the period: workday or not, weather, reports."""
        day = np.arange(self.scale.begin // DAY, self.scale.end // DAY)
        return {
            "day": (FIRST + day).astype(str).astype(object),
            "workday": WORKDAY[day].astype(int),
            "weather": np.array(WEATHER, object)[self.weather.state[day]],
            "reports": np.bincount(self.plan.reported // DAY, minlength=int(day[-1]) + 1)[day],
        }


def build_cases(site: Site, components: Components, scale: Any, seed: int) -> CaseTables:
    """Make the cases of the period, all in memory."""
    parts = list(CaseMaker(ground_of(site, components, seed), site.areas, CASES[scale.name], seed).batches())
    joined = {}
    for name in ("cases", "events", "truth", "repeats"):
        tables = [getattr(part, name) for part in parts]
        joined[name] = {key: np.concatenate([table[key] for table in tables]) for key in tables[0]}
    return CaseTables(**joined, recurring_places=parts[-1].recurring_places, days=parts[-1].days)


def _case_numbers(subject: Subjects, reported: Array) -> Array:
    """Return case numbers in a pattern that one system uses: C or E, class, day, counter of the day."""
    day = reported // DAY
    words = np.char.replace((FIRST + day).astype(str), "-", "").tolist()
    counter = np.arange(len(day)) - np.searchsorted(day, day) + 1
    kind = np.where(subject.component >= 0, "C", "E").tolist()
    return _objects([f"{k}{c}{d}{n:04d}" for k, c, d, n in zip(kind, subject.code.tolist(), words, counter.tolist())])


def _objects(values: list[Any]) -> Array:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def _addresses(address: Array, community: Array) -> Array:
    """Return addresses as text; beside ways without a name it is the community's."""
    return _objects([a.decode() or f"{name}内" for a, name in zip(address.tolist(), community.tolist())])


def _mapped(values: Array, names: dict[str, str]) -> Array:
    return _objects([names[value] for value in values.tolist()])


def _majors(component: Array, code: Array) -> Array:
    return _objects([MAJOR[c][int(k[:2])] for c, k in zip(component.tolist(), code.tolist())])


def _place_names(rows: Array) -> Array:
    return _objects([f"R{row + 1:03d}" if row >= 0 else "" for row in rows.tolist()])
