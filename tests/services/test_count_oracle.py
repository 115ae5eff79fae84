# SPDX-License-Identifier: GPL-2.0-or-later
"""Every count, at several cut-offs, is what plain loops over the log say of each case; logs of every shape."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from random import Random

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.counts import COUNTS
from digital_citymgmt_plugin.core.assessment.question import Question
from digital_citymgmt_plugin.services.assessment.panel import panel_of
from digital_citymgmt_plugin.services.assessment.views import HEAVY
from digital_citymgmt_plugin.services.case_settling import rederive
from digital_citymgmt_plugin.services.intake import objects
from tests.count_oracle import STAGES, counts_at, day_at, state_at
from tests.support import make_context, new_store

_START = datetime(2024, 1, 1)
# action → stages from which it leads, and to which; what a case of ours may do
_WAYS = {
    "collection": [("verify", "collection"), ("accept", "filing"), ("reject_filing", "void")],
    "filing": [("file", "dispatch"), ("verify", "filing"), ("void", "void")],
    "dispatch": [("dispatch", "disposal"), ("return", "filing"), ("park", "parked"), ("void", "void")],
    "disposal": [
        ("dispose", "feedback"), ("dispose", "feedback"), ("return", "dispatch"), ("park", "parked"),
        ("extend", "disposal"), ("grant_extension", "disposal"), ("appeal", "disposal"), ("grant_appeal", "dispatch"),
        ("void", "void"),
    ],
    "feedback": [("feedback", "check"), ("rework", "disposal")],
    "check": [("check", "check"), ("close", "closed"), ("rework", "disposal"), ("appeal", "check")],
    "closed": [("grant_appeal", "closed"), ("close", "closed")], "void": [("amend", "void")],
    "parked": [("resume", "disposal"), ("void", "void"), ("park", "parked")],
}  # fmt: skip
_JUNK = (
    "report", "accept", "file", "dispatch", "dispose", "feedback", "check", "close", "return", "rework", "park",
    "resume", "void", "verify", "unheard_of", "grant_appeal", "supervise",
)  # fmt: skip


def text(minute):
    return None if minute is None else (_START + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:00.000Z")


def a_case(random: Random):
    """Return a case by lot: a life of our workflow, or a log in which anything may follow anything."""
    wild = random.random() < 0.35
    minute = random.randrange(60 * 24 * 60)
    events, stage = [], "collection"
    people, offices = ("甲", "乙", "丙", None), ("D1", "D2", None)

    def add(action, before, after, at, source="log", payload=None):
        events.append({
            "action": action, "from": before, "to": after, "at": at, "source": source, "payload": payload or {},
            "who": random.choice(people), "dept": random.choice(offices),
        })  # fmt: skip

    if random.random() < 0.9:
        add("report", None, "collection", minute if random.random() < 0.95 else None)
    for _ in range(random.choice((0, 1, 3, 6, 9, 14))):
        minute += random.choice((0, 1, 7, 30, 31, 200, 1500, 5000))
        at = minute if random.random() < 0.93 else None
        lot = random.random()
        if lot < 0.06:
            add("amend", stage, stage, minute, "link", {"grid_code": 1})
        elif lot < 0.12:
            values = {}
            for name in ("filed_at", "disposed_at", "closed_at"):
                if random.random() < 0.3:
                    values[name] = random.choice((None, minute, minute + 3000))
            for name in ("reworks", "returns", "extensions"):
                if random.random() < 0.2:
                    values[name] = random.randrange(3)
            to = random.choice((None, stage, "closed", "disposal"))
            stage = to or stage
            add(random.choice(("state", "amend")), None, to, minute + 90_000, "import", values)
        elif wild:
            action = random.choice(_JUNK)
            if random.random() < 0.3 and at is not None:
                at -= random.randrange(4000)
            before, after = random.choice((*STAGES, None, "nowhere")), random.choice((*STAGES, None, "nowhere"))
            add(action, before, after, at, random.choice(("log", "import", "import")))
        else:
            action, after = random.choice(_WAYS[stage])
            plain = after != "parked" and action not in ("return", "grant_appeal", "grant_extension", "amend")
            source = random.choice(("move", "import")) if plain and random.random() < 0.4 else "log"
            payload = {"amount": random.choice((2, 8, 0.4)), "unit": "work_hour"} if action == "grant_extension" else {}
            add(action, stage, after, at, source, payload)
            stage = after
    origin = random.choice(("监督员上报", "公众举报", "微信", None))
    stated = random.choice((None, None, None, 0, 1))
    return {
        "events": events, "origin": origin,
        "due": minute - random.randrange(-3000, 6000) if random.random() < 0.8 else None,
        "stated": stated, "blank": stated is None and random.random() < 0.1,
    }  # fmt: skip


def put_in(store, cases):
    """Write cases with their logs; what the store derives of them is derived by the plugin."""
    with store.action("set up") as action:
        basis = ["stated" if case["stated"] is not None else "missing" if case["blank"] else None for case in cases]
        fids = action.insert(
            "case_record",
            {
                "case_no": objects(f"N{number}" for number in range(len(cases))),
                "source": objects(case["origin"] for case in cases),
                "stated_due_at": objects(text(case["due"]) for case in cases),
                "due_at": objects(text(case["due"]) for case in cases),
                "on_time": objects(case["stated"] for case in cases), "on_time_basis": objects(basis),
                "stage": objects(["collection"] * len(cases)),
            },
        )  # fmt: skip
        rows = [
            (int(fid), event["action"], event["from"], event["to"], text(event["at"]), event["who"], event["dept"],
             event["source"], payload_of(event), reason_of(event))
            for fid, case in zip(fids, cases)
            for event in case["events"]
        ]  # fmt: skip
        names = ("case_fid", "action", "from_stage", "to_stage", "at", "done_by", "dept_code", "source", "payload",
                 "reason")  # fmt: skip
        action.insert("case_event", {name: objects(values) for name, values in zip(names, zip(*rows))})
        rederive(store, action, np.array(fids, dtype=np.int64))
    for case in cases:  # a move of ours takes a stated judgement away for good
        if any(event["source"] == "move" and event["from"] != event["to"] for event in case["events"]):
            case["stated"], case["blank"] = None, False
    return [int(fid) for fid in fids]


def _told(event):
    return {name: text(value) if name.endswith("_at") else value for name, value in event["payload"].items()}


def payload_of(event):
    return json.dumps(_told(event)) if event["payload"] and event["action"] != "amend" else None


def reason_of(event):
    if event["action"] != "amend":
        return None
    return json.dumps({name: [None, value] for name, value in _told(event).items()})


def compare(tmp_path, seed, size):
    """Compare all counts of all cases at the end of the log and at four cut-offs by lot."""
    random = Random(seed)
    store = new_store(tmp_path / "c.gpkg")
    calendar = store.calendar()
    worked: dict[date, bool] = {}

    def workdays(day):
        if day not in worked:
            worked[day] = bool(calendar.is_workday(np.array([day], dtype="datetime64[D]"))[0])
        return worked[day]

    cases = [a_case(random) for _ in range(size)]
    fids = put_in(store, cases)
    panel = panel_of(make_context(store))
    assert panel.fids.tolist() == fids
    end = int((panel.held.latest - np.datetime64(_START, "ms")) / np.timedelta64(1, "m"))
    met = dict.fromkeys(COUNTS, 0)
    for cut_off in (end, *(random.randrange(100 * 24 * 60) for _ in range(4)), end + 50_000):
        view = panel.view(text(cut_off))
        told = {code: view.combinations.heavy.get(code) for code in HEAVY}
        told.update((code, view.combinations.members(code)) for code in COUNTS if code not in HEAVY)
        for place, case in enumerate(cases):
            wanted = counts_at(case, cut_off, workdays)
            found = {code: int(values[place]) for code, values in told.items() if values[place]}
            assert found == wanted, (seed, place, text(cut_off), case)
            for code in wanted:
                met[code] += 1
        for _ in range(4):
            compare_sums(random, panel, cases, cut_off, workdays)
    store.close()
    return met


def compare_sums(random, panel, cases, cut_off, workdays):
    """Compare the sums of a period by source and month, all counts, by whatever basis."""
    basis, origin = random.choice(("filed", "reported", "flow")), random.choice((None, "公众举报", "微信"))
    first = random.randrange(-5, 90)
    last = first + random.choice((0, 6, 30, 400))
    day = np.datetime64("2024-01-01")
    counted = panel.counts(
        Question(
            "source", random.choice(("", "month", "week")), basis, str(day + first), str(day + last), text(cut_off),
            {"source": (origin,)} if origin else {},
        )
    )  # fmt: skip
    sums: dict[tuple[str, str], int] = {}
    for case in cases:
        state = state_at(case, cut_off)
        if state is None or (origin and case["origin"] != origin):
            continue
        for code, value in counts_at(case, cut_off, workdays).items():
            by = basis if basis != "flow" else COUNTS[code].moment
            when = day_at(state, case["due"], by) if by else first
            if when is not None and first <= when <= last:
                key = (code, case["origin"] or "")
                sums[key] = sums.get(key, 0) + value
    for code, values in counted.counts.items():
        for row, name in enumerate(counted.codes):
            assert int(values[row].sum()) == sums.get((code, name), 0), (code, name, basis, first, last, text(cut_off))


def test_counts_are_what_plain_loops_say_of_two_thousand_logs(tmp_path):
    met = compare(tmp_path, 8, 2_000)
    assert all(met.values()), [code for code, times in met.items() if not times]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_counts_are_what_plain_loops_say_of_twenty_thousand_logs(tmp_path, seed):
    compare(tmp_path, seed, 2_000)
