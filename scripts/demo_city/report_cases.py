# SPDX-License-Identifier: GPL-2.0-or-later
"""Made cases whose week or month is one that a city reported: table and log, to count the figures from again.

Zhengzhou, week 2019-04-08 to 14 (published): 51,571 accepted, 51,229 filed (99.34 %), 49,151 dispatched (95.94 % of
these), 52,434 to be closed, of which 83.01 % closed, 77.04 % in time, 0.53 % reworked, 0.20 % extended. More was to be
closed than filed: what was filed before the week, and disposed of or due in it, belongs to it. Numerators that are not
published are the nearest whole numbers: 43,525, 40,395, 278, 105.

Tianmen, December 2016 (published): 1,054 accepted, 996 filed (953 of collectors, 43 of the public), 972 to be closed,
911 closed (93.72 %), 737 of them in time (75.82 %); of 971 events 956 and 902 (94.35 %), of 25 components 16 and 9
(56.25 %).

Fuzhou, May 2015 (published): 36,314 accepted, 33,928 filed (93.43 %).

Jiangmen, July 2024 (published): 14,090 accepted, 14,068 closed (99.84 %).

Sanmenxia, week 2021-02-27 to 03-05 (published): closed of those dispatched, to one decimal, five of its offices: 150 of
167 (89.8 %), 185 of 193 (95.9 %), 205 of 207 (99 %), 187 of 191 (97.9 %), 17 of 29 (58.6 %).

Xuchang, February 2020 (published): 16,604 filed and dispatched, 97.36 % closed, 84.78 % in time; numerators are not
published: 16,166 and 14,077 give these rates of what was dispatched.

Nothing else of the cases is a city's: times, departments and persons are drawn.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

CASE_FIELDS = (
    "案件编号", "问题类型", "小类代码", "小类名称", "问题来源", "部门编码", "处置部门", "上报时间",
    "受理时间", "立案时间", "派遣时间", "处置时间", "反馈时间", "核查时间", "结案时间",
    "截止时间", "挂账", "延期次数", "返工次数", "当前阶段",
)  # fmt: skip
EVENT_FIELDS = ("案件编号", "序号", "操作类型", "原阶段", "新阶段", "操作时间", "操作人", "部门编码", "原因")
_STEPS = {"上报": "上报时间", "受理": "受理时间", "立案": "立案时间", "派遣": "派遣时间", "处置": "处置时间",
          "反馈": "反馈时间", "核查": "核查时间", "结案": "结案时间"}  # fmt: skip
_OFFICES = (
    ("D04", "城市管理行政执法局"), ("D12", "公安局交通警察大队"), ("D07", "园林绿化管理处"), ("D01", "环境卫生管理处"),
)  # fmt: skip
_SOURCES = ("监督员上报", "监督员上报", "监督员上报", "公众举报", "视频监控")
_COLLECTOR, _PUBLIC = "监督员上报", "公众举报"
_DAY = 1440
# Office → dispatched, closed of these, as published.
SANMENXIA = {"一支队": (167, 150), "二支队": (193, 185), "三支队": (207, 205), "四支队": (191, 187),
             "广告执法大队": (29, 17)}  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Cases of one fate; all in minutes from the first day of the period.

    ``reported``, ``disposed``, ``due``: between which minutes it was. Without ``disposed`` a case stays in disposal
    (is disposed of after the period), ``dispatched`` False: waits for dispatch until after it. ``in_time``: disposed of
    by the target. ``void``: refused at filing. ``closed`` False: checked and closed after the period. ``reworked``,
    ``extended``: so many of them. ``again``: so many come back for rework after the period. ``source``, ``office``:
    drawn where not given; ``component``: of a component, else an event.
    """

    count: int
    reported: tuple[int, int]
    disposed: tuple[int, int] | None = None
    due: tuple[int, int] | None = None
    dispatched: bool = True
    in_time: bool = True
    closed: bool = True
    void: bool = False
    parked: bool = False
    reworked: int = 0
    extended: int = 0
    again: int = 0
    component: bool = False
    source: str = ""
    office: tuple[str, str] | None = None


@dataclass(frozen=True)
class Report:
    """A period (days, both included) and the cases that make its figures, with others before and after it."""

    first: str
    last: str
    groups: tuple[Group, ...]


def _days(first: float, last: float) -> tuple[int, int]:
    return round(first * _DAY), round(last * _DAY)


_WEEK, _BEFORE = _days(0, 6.5), _days(-7, -1)
REPORTS = {
    "zhengzhou": Report("2019-04-08", "2019-04-14", (
        Group(342, _WEEK, void=True),
        Group(2_078, _days(5, 6.9), dispatched=False),
        Group(36_000, _days(0, 5), _days(0.2, 6.9), reworked=278, extended=105),
        Group(1_000, _days(0, 4), _days(0.5, 6.9), in_time=False),
        Group(2_025, _days(0, 5), _days(0.2, 6.9), closed=False, again=50),
        Group(4_409, _days(0, 4), due=_days(4.5, 6.9)),
        Group(5_717, _days(1, 6.5), due=_days(7.5, 11)),
        Group(4_395, _BEFORE, _days(0.1, 6.9)),
        Group(2_130, _BEFORE, _days(0.1, 6.9), in_time=False),
        Group(975, _BEFORE, _days(0.1, 6.9), closed=False),
        Group(1_500, _BEFORE, due=_days(0.1, 6.9)),
        Group(1_200, _days(-7, -3), due=_days(-2, -0.1)),  # was owed in the week before
        Group(2_000, _days(-7, -3), _days(-2.9, -0.2)),
        Group(500, _days(7.2, 9), _days(9.1, 12)),
    )),
    "tianmen": Report("2016-12-01", "2016-12-31", (
        Group(58, _days(0, 29), void=True),
        Group(680, _days(0, 24), _days(0.5, 30.9), reworked=20, source=_COLLECTOR),
        Group(43, _days(0, 24), _days(0.5, 30.9), source=_PUBLIC),
        Group(5, _days(0, 24), _days(0.5, 30.9), source=_COLLECTOR),
        Group(174, _days(0, 20), _days(2, 30.9), in_time=False, source=_COLLECTOR),
        Group(14, _days(20, 30), _days(24, 30.9), closed=False, again=10, source=_COLLECTOR),
        Group(40, _days(0, 24), due=_days(25, 30.9), source=_COLLECTOR),
        Group(10, _days(0, 20), due=_days(21, 30), parked=True, source=_COLLECTOR),
        Group(5, _days(20, 30), due=_days(31.5, 40), source=_COLLECTOR),
        Group(9, _days(0, 24), _days(0.5, 30.9), component=True, source=_COLLECTOR),
        Group(7, _days(0, 24), due=_days(25, 30.9), component=True, source=_COLLECTOR),
        Group(9, _days(20, 30), due=_days(31.5, 40), component=True, source=_COLLECTOR),
        Group(400, _days(-20, -10), _days(-9.9, -0.5)),
        Group(100, _days(31.5, 33), _days(33.1, 36)),
    )),
    "fuzhou": Report("2015-05-01", "2015-05-31", (
        Group(2_386, _days(0, 30), void=True),
        Group(33_869, _days(0, 25), _days(0.5, 30.9), source=_COLLECTOR),
        Group(59, _days(0, 25), _days(0.5, 30.9), source=_PUBLIC),
    )),
    "jiangmen": Report("2024-07-01", "2024-07-31", (
        Group(14_068, _days(0, 29), _days(0.5, 30.9)),
        Group(22, _days(20, 30), due=_days(32, 40)),
        Group(300, _days(31.5, 33), _days(33.1, 36)),
    )),
    "sanmenxia": Report("2021-02-27", "2021-03-05", tuple(
        group
        for office, (sent, closed) in SANMENXIA.items()
        for group in (
            Group(closed, _days(0, 6), _days(0.2, 6.9), office=(office, office)),
            Group(sent - closed, _days(0, 6), due=_days(3, 12), office=(office, office)),
        )
    )),
    "xuchang": Report("2020-02-01", "2020-02-29", (
        Group(14_077, _days(0, 25), _days(0.5, 28.9)),
        Group(2_089, _days(0, 20), _days(1, 28.9), in_time=False),
        Group(438, _days(0, 25), due=_days(26, 28.9)),
    )),
}  # fmt: skip


def write_report(name: str, folder: Path, seed: int = 2014) -> tuple[Path, Path]:
    """Write cases and log of a report as CSV in UTF-8 with the mark that Excel needs; returns both files."""
    report, random = REPORTS[name], Random(seed)  # noqa: S311  (made cases)
    start = datetime.fromisoformat(report.first)
    end = int((datetime.fromisoformat(report.last) - start) / timedelta(minutes=1)) + _DAY
    lives = [
        life
        for group in report.groups
        for place in range(group.count)
        for life in [(group, *_life(group, place, end, random))]
    ]  # fmt: skip
    random.shuffle(lives)
    cases, events = folder / f"{name}_cases.csv", folder / f"{name}_events.csv"
    form = {"encoding": "utf-8-sig", "newline": ""}
    with cases.open("w", **form) as one, events.open("w", **form) as two:
        table, log = csv.DictWriter(one, CASE_FIELDS, restval=""), csv.writer(two)
        table.writeheader()
        log.writerow(EVENT_FIELDS)
        for number, (group, moves, due) in enumerate(lives):
            row, listed = _told(f"R{number:06d}", group, moves, due, start, random)
            table.writerow(row)
            log.writerows(listed)
    return cases, events


# (action, stage before, stage after, minute)
_Move = tuple[str, str, str, int]


def _between(random: Random, low: int, high: int) -> int:
    return random.randint(low, max(low, high))


def _life(group: Group, place: int, end: int, random: Random) -> tuple[list[_Move], int | None]:
    """Return the moves of one case, and its target."""
    begin = _between(random, group.reported[0], group.reported[1] - 90)
    moves: list[_Move] = [("上报", "", "信息收集", begin), ("受理", "信息收集", "案件建立", begin + 10)]
    if group.void:
        return [*moves, ("不予立案", "案件建立", "作废", begin + 20)], None
    moves.append(("立案", "案件建立", "任务派遣", begin + 20))
    if not group.dispatched:
        return [*moves, ("派遣", "任务派遣", "任务处理", end + _between(random, 5, 600))], end + 3 * _DAY
    sent = begin + 40
    moves.append(("派遣", "任务派遣", "任务处理", sent))
    if place < group.extended:
        moves.append(("延期", "任务处理", "任务处理", sent + 5))
    if group.disposed is None:
        due = _between(random, max(group.due[0], sent + 60), group.due[1]) if group.due else None
        if group.parked:
            return [*moves, ("挂账", "任务处理", "挂账", sent + 30)], due
        return [*moves, *_done(end + _between(random, 60, 3 * _DAY), None)], due
    done = _between(random, max(group.disposed[0], sent + 120), group.disposed[1] - 80)
    due = done + _between(random, 0, _DAY) if group.in_time else _between(random, sent + 30, done - 1)
    if place < group.reworked:
        moves += [("处置", "任务处理", "处理反馈", done - 60), ("反馈", "处理反馈", "核查结案", done - 50),
                  ("返工", "核查结案", "任务处理", done - 40)]  # fmt: skip
    moves += _done(done, done + 60 if group.closed else None)
    if not group.closed:
        later = end + _between(random, 10, 900)
        if place < group.again:
            moves += [("返工", "核查结案", "任务处理", later), *_done(later + 100, later + 200)]
        else:
            moves += [("核查", "核查结案", "核查结案", later), ("结案", "核查结案", "结案", later + 20)]
    return moves, due


def _done(at: int, closed: int | None) -> list[_Move]:
    moves = [("处置", "任务处理", "处理反馈", at), ("反馈", "处理反馈", "核查结案", at + 10)]
    if closed is not None:
        moves += [("核查", "核查结案", "核查结案", closed - 20), ("结案", "核查结案", "结案", closed)]
    return moves


def _told(
    number: str, group: Group, moves: list[_Move], due: int | None, start: datetime, random: Random
) -> tuple[dict[str, str], list[tuple[str, ...]]]:
    """Return the row of the table and the rows of the log."""
    office, source = random.choice(_OFFICES), random.choice(_SOURCES)
    office = group.office or office
    kind = ("部件", "0101", "上水井盖") if group.component else ("事件", "0201", "非法小广告")
    row = {
        "案件编号": number, "问题类型": kind[0], "小类代码": kind[1], "小类名称": kind[2],
        "问题来源": group.source or source, "部门编码": office[0], "处置部门": office[1], "当前阶段": moves[-1][2],
        "挂账": "否", "截止时间": "" if due is None else _text(start, due),
    }  # fmt: skip
    counted = {"延期": "延期次数", "返工": "返工次数"}
    row.update((column, str(sum(move[0] == action for move in moves))) for action, column in counted.items())
    if moves[-1][2] == "挂账":
        row["挂账"] = "是"
    listed = []
    for place, (action, before, after, minute) in enumerate(moves, 1):
        if action == "返工":
            for column in ("处置时间", "反馈时间", "核查时间", "结案时间"):
                row.pop(column, None)
        if action in _STEPS:
            row[_STEPS[action]] = _text(start, minute)
        code = office[0] if action in ("处置", "反馈", "延期") else "D90"
        listed.append((number, str(place), action, before, after, _text(start, minute), f"{action}员", code, ""))
    return row, listed


def _text(start: datetime, minute: int) -> str:
    return (start + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M:%S")
