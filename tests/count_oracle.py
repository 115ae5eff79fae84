# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts of cases told one case and one event after the other: slow, plain, written apart from what it judges.

A case is a dict: ``events`` (dicts with action, from, to, at, who, dept, source, payload in the order of the log),
``due``, ``stated`` (1, 0 or None), ``blank``, ``origin``. Moments are minutes (UTC) since 2024-01-01; ``None`` is not
known.
"""

from __future__ import annotations

from datetime import date, timedelta

STAGES = ("collection", "filing", "dispatch", "disposal", "feedback", "check", "closed", "void", "parked")
RANK = {name: number for number, name in enumerate(STAGES)}
STEP = {  # action → (column, how far a case is that has it)
    "report": ("reported_at", 0), "accept": ("accepted_at", 1), "file": ("filed_at", 2),
    "dispatch": ("dispatched_at", 3), "dispose": ("disposed_at", 4), "feedback": ("feedback_at", 5),
    "check": ("checked_at", 5), "close": ("closed_at", 6),
}  # fmt: skip
REACHED = {
    "reported_at": 0, "accepted_at": 1, "filed_at": 2, "dispatched_at": 3, "disposed_at": 4, "feedback_at": 5,
    "checked_at": 5, "closed_at": 6,
}  # fmt: skip
TIMES = tuple(REACHED)
SETTING = ("state", "amend")
EAST = 8 * 60  # China is so many minutes before UTC
HOURS = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
LIMIT = 30


def in_order(events):
    """Return events as they count: by moment where a log from outside is among them, what has none stays behind."""
    if not any(event["source"] == "log" for event in events):
        return events
    keys, latest = [], -(10**9)
    for event in events:
        if event["at"] is not None and event["action"] not in SETTING:
            latest = max(latest, event["at"])
            keys.append(event["at"])
        else:
            keys.append(latest)
    return [events[place] for place in sorted(range(len(events)), key=lambda place: (keys[place], place))]


def known_events(events, cut_off):
    """Return the events known at a cut-off: by their moment, without one by that of the event before them."""
    found, before = [], None
    for event in events:
        own = event["at"] is not None and event["action"] not in SETTING
        if own:
            before = event["at"]
        if before is None or before <= cut_off:
            found.append(event)
    return found


def moments_of(events):
    return [event["at"] for event in events if event["at"] is not None and event["action"] not in SETTING]


def walk(events):
    """Return what a log leaves on its case: stage, times, counters, and what only the log tells."""
    case = {
        "stage": "collection", "times": {}, "parked": False, "returns": 0, "reworks": 0, "extensions": 0,
        "ever_parked": False, "void_from": None, "void_at": None, "exempt": False, "disposals": 0, "hours": 0.0,
        "verified": None, "who": {}, "dispatches": 0, "cycles": 0,
    }  # fmt: skip
    sent_to, backs, disposed_by = None, 0, {}
    for event in events:
        action, before, after = event["action"], event["from"], event["to"]
        before, after = before if before in RANK else None, after if after in RANK else None
        if action == "amend" and event["source"] == "link":
            continue
        if after is not None:
            case["stage"] = after
            if after == "parked":
                case["parked"] = True if before != "parked" else case["parked"]
            else:
                case["parked"] = False
        if action in SETTING:
            for name, value in event["payload"].items():
                if name in TIMES:
                    case["times"][name] = value
                elif name in ("returns", "reworks", "extensions"):
                    case[name] = value
                elif name == "stage" and after is None:
                    case["stage"] = value
            continue
        if after is not None and after != before and action != "resume":
            for name in TIMES:
                if RANK[after] < REACHED[name]:
                    case["times"].pop(name, None)
        if action in STEP:
            case["times"][STEP[action][0]] = event["at"]
        if action == "return":
            case["returns"] += 1
        if action == "rework":
            case["reworks"] += 1
        if action in ("extend", "grant_extension"):
            case["extensions"] += 1
        if action == "grant_extension":
            case["hours"] += event["payload"].get("amount", 0)
        if action == "grant_appeal":
            case["exempt"] = True
        if (after == "parked" and before != "parked") or action == "park":
            case["ever_parked"] = True
        if after == "void" and before != "void":
            case["void_from"], case["void_at"] = before, event["at"]
        if action == "verify":
            case["verified"] = event["at"]
        case["who"][action] = event["who"]
        if action in ("rework", "dispatch") or (after == "disposal" and before in ("feedback", "check")):
            backs += 1
        if action == "dispatch":
            case["dispatches"] += 1
            sent_to = event["dept"] or sent_to
        if action == "dispose":
            case["disposals"] += 1
            by = event["dept"] or sent_to
            if by and by in disposed_by and backs > disposed_by[by]:
                case["cycles"] += 1
            if by:
                disposed_by[by] = backs
    case["times"] = {name: value for name, value in case["times"].items() if value is not None}
    return case


def working_minutes(start, end, workdays):
    """Return the working minutes between two moments, day by day."""
    if start is None or end is None:
        return None
    sign = 1
    if end < start:
        start, end, sign = end, start, -1
    start, end, total = start + EAST, end + EAST, 0
    for day in range(start // 1440, end // 1440 + 1):
        if workdays(date(2024, 1, 1) + timedelta(days=day)):
            for first, last in HOURS:
                total += max(0, min(end, day * 1440 + last) - max(start, day * 1440 + first))
    return sign * total


def state_at(case, cut_off):
    """Return what is known of a case and how far it has come; None when nobody knows of it yet."""
    log = in_order(case["events"])
    everything = walk(log)
    every = moments_of(case["events"]) + list(everything["times"].values())
    if every and min(every) > cut_off:
        return None
    later = bool(every) and max(every) > cut_off and bool(case["events"])
    told = walk(known_events(log, cut_off)) if later else everything
    times = told["times"]
    if times and min(times.values()) > cut_off:
        return None
    known = {name: value for name, value in times.items() if value <= cut_off}
    by_times = max([REACHED[name] for name in known], default=0)
    current = len(known) == len(times)
    rank = by_times
    if current and RANK[told["stage"]] <= 6:
        rank = RANK[told["stage"]]
    elif current and told["stage"] == "parked":
        rank = max(by_times, 3)
    return told, known, rank


def day_at(state, due, by):
    """Return the local day (since 2024) by which a case belongs to a period; None when there is none.

    ``by``: filed, reported (the bases), or the moment by which a flow counts: a column of times, owed, void.
    """
    told, known, rank = state
    first = min(known.values(), default=None)
    if by in ("filed", "reported"):
        moment = known.get("reported_at", first)
        if by == "filed":
            moment = known.get("filed_at", moment)
    elif by == "void":
        moment = told["void_at"] if told["void_at"] is not None else max(known.values(), default=None)
    elif by == "owed" and rank < 4:
        moment = due if rank >= 2 else None
    else:
        name = "disposed_at" if by == "owed" else by
        later = TIMES[TIMES.index(name) :]
        moment = next((known[step] for step in later if step in known), None)
    return None if moment is None else (moment + EAST) // 1440


def counts_at(case, cut_off, workdays):
    """Return every count of a case at a cut-off: 0 or 1, or how often."""
    state = state_at(case, cut_off)
    if state is None:
        return {}
    told, known, rank = state
    times, stage = told["times"], told["stage"]
    void = stage == "void"
    alive = not void
    parked = alive and (told["parked"] or stage == "parked") and rank < 6
    void_rank = RANK[told["void_from"]] if told["void_from"] and RANK[told["void_from"]] < 6 else rank

    end = times.get("disposed_at", times.get("closed_at"))
    finished = rank >= 4 and end is not None and end <= cut_off
    due = case["due"]
    moments = moments_of(case["events"]) + list(walk(in_order(case["events"]))["times"].values())
    to_come = rank < 4 and bool(moments) and max(moments) > cut_off  # what was stated of its disposal came later
    stated, blank = (None, False) if to_come else (case["stated"], case["blank"])
    if stated is not None:
        late = not stated
    elif due is None:
        late = False
    elif finished:
        late = end > due
    else:
        late = rank < 4 and not parked and cut_off > due
    late = late and not blank
    good = not late and not blank

    def task(start, end):
        spent = working_minutes(start, end, workdays)
        return spent is not None and spent <= LIMIT

    public = case["origin"] is not None and "监督员" not in case["origin"]
    filed, disposed, closed = rank >= 2, alive and rank >= 4, alive and rank == 6
    waiting = alive and rank == 3 and not parked
    owed = disposed or (waiting and late)
    reworked = alive and told["reworks"] > 0
    verified = public and told["verified"] is not None and told["verified"] <= cut_off
    own = alive and told["who"].get("dispose") is not None and not told["dispatches"] and (
        told["who"].get("dispose") == told["who"].get("report")
    )  # fmt: skip
    found = {
        "reported": True, "self_disposed": own, "reported_not_self": not own, "valid_reported": alive and filed,
        "public_valid_reported": alive and filed and public, "accepted": (void_rank if void else rank) >= 1,
        "to_be_checked_before_filing": public, "checked_before_filing": verified,
        "checked_before_filing_on_time": verified and task(times.get("reported_at"), told["verified"]),
        "filed": filed, "public_filed": filed and public,
        "filed_on_time": filed and task(times.get("accepted_at", times.get("reported_at")), times.get("filed_at")),
        "filed_accurately": filed and alive, "to_be_dispatched": alive and filed,
        "dispatched": alive and rank >= 3,
        "dispatched_on_time": alive and rank >= 3 and task(times.get("filed_at"), times.get("dispatched_at")),
        "dispatched_accurately": alive and rank >= 3 and not reworked,
        "returned": alive and told["returns"] > 0, "return_times": told["returns"] if alive else 0,
        "to_be_disposed": alive and rank >= 3, "disposed": disposed,
        "ever_disposed": disposed or (alive and told["disposals"] > 0),
        "disposed_on_time": disposed and good, "disposed_late": disposed and late,
        "in_disposal": waiting, "in_disposal_on_time": waiting and good, "in_disposal_late": waiting and late,
        "to_be_checked_after_disposal": alive and rank >= 5,
        "checked_after_disposal_on_time": alive and rank >= 5 and known.get("checked_at") is not None
        and task(times.get("feedback_at"), times.get("checked_at")),
        "to_be_closed": owed, "to_be_closed_not_parked": owed and not parked,
        "to_be_closed_by_target": closed or (filed and alive and late and not parked),
        "to_be_closed_handled": disposed, "to_be_closed_filed": filed and alive,
        "closed": closed, "closed_on_time": closed and good, "closed_late": closed and late,
        "reworked": reworked, "rework_times": told["reworks"] if alive else 0,
        "reworked_same_department": alive and told["cycles"] > 0, "rework_cycles": told["cycles"] if alive else 0,
        "extended": alive and told["extensions"] > 0, "extension_times": told["extensions"] if alive else 0,
        "extension_hours": round(told["hours"]) if alive else 0,
        "overtime_times": _overtime(times, due, workdays) if closed and late else 0,
        "parked": parked, "ever_parked": alive and (told["ever_parked"] or parked),
        "not_accepted": void and void_rank == 0, "not_filed": void and void_rank == 1, "voided": void and void_rank > 1,
        "pending": alive and not closed, "on_time": alive and good, "overdue": alive and late,
        "timeliness_missing": alive and blank, "exempt": alive and told["exempt"],
    }  # fmt: skip
    return {name: int(value) for name, value in found.items() if value}


def _overtime(times, due, workdays):
    start = times.get("dispatched_at", times.get("filed_at"))
    used = working_minutes(start, times.get("disposed_at"), workdays)
    limit = working_minutes(start, due, workdays)
    if used is None or limit is None or limit <= 0:
        return 0
    return max(0, round((used - limit) / limit * 100))
