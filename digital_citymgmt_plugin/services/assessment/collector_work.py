# SPDX-License-Identifier: GPL-2.0-or-later
"""What collectors did by the log of the cases: reports, verifications and checks, by person."""

from __future__ import annotations

from dataclasses import replace

from digital_citymgmt_plugin.core.assessment.evaluation import Selection
from digital_citymgmt_plugin.core.assessment.facts import COLLECTOR, source_kind
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.services.assessment.fairness import zone_of
from digital_citymgmt_plugin.services.assessment.tallies import tally

REPORTED = ("reported", "valid_reported")
TASKS = (
    "to_be_checked_before_filing", "checked_before_filing_on_time", "to_be_checked_after_disposal",
    "checked_after_disposal_on_time",
)  # fmt: skip
WORK = (*REPORTED, *TASKS)


class Names:
    """One key for a collector, whether the log or a track says the code or the name."""

    def __init__(self, store: Store) -> None:
        rows = store.read("collector", ["code", "name"], [], ["fid"])
        self._key: dict[str, str] = {}
        self._name: dict[str, str] = {}
        for code, name in zip(rows["code"].tolist(), rows["name"].tolist()):
            key = str(code or name or "")
            self._name.setdefault(key, str(name or ""))
            for word in (key, str(name or "")):
                if word:
                    self._key.setdefault(word, key)

    def key(self, word: str) -> str:
        """Return the code of the collector that a word means, else the word."""
        return self._key.get(word, word)

    def name(self, key: str) -> str:
        """Return what the collector is called, "" where the store has none of that code."""
        return self._name.get(key, "")


def work_by_person(context: Context, names: Names, from_date: str, to_date: str) -> dict[str, dict[str, int]]:
    """Count by collector the cases reported in a period: what was reported, verified and checked, and what in time.

    People are those who reported as collectors, verified or checked; who reported as somebody else (the public, a
    camera) is none. A verification counts for who verified, a check for who checked.
    """
    store = context.need_store()
    chosen = Selection("collector", "", "reported", from_date, to_date, "", zone_of(context))
    everything = tally(context, chosen)
    own = [str(source) for source, _ in store.tally("case_record", ["source"]) if source_kind(source) == COLLECTOR]
    reports = tally(context, replace(chosen, where={"source": own})) if own else None
    found: dict[str, dict[str, int]] = {}
    for part, codes in ((reports, REPORTED), (everything, TASKS)):
        if part is None:
            continue
        for place, row in enumerate(part.rows):
            numbers = {code: int(part.counts[code][place]) for code in codes if code in part.counts}
            if row.code and any(numbers.values()):
                held = found.setdefault(names.key(row.code), dict.fromkeys(WORK, 0))
                for code, number in numbers.items():
                    held[code] += number
    return found
