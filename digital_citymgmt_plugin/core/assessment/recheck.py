# SPDX-License-Identifier: GPL-2.0-or-later
"""Random re-check (随机抽取): a drawn sample of cases is looked at again, and counts are stated with what it found.

The draw can be repeated by anybody: in each stratum the cases with the smallest SHA-256 of ``seed:key`` are taken.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.fairness import LEVEL, wilson

GENUINE, FALSE, UNSEEN = "genuine", "false", "unseen"  # 属实, 不属实, 未查


def allocate(sizes: Sequence[int], count: int, least: int = 1) -> list[int]:
    """Share out a sample over strata: proportional by largest remainders, each stratum at least ``least``.

    Parameters
    ----------
    sizes : sequence of int
        Cases per stratum.
    count : int
        Wanted in all. A stratum gives no more than it has; when ``least`` asks for more than ``count``, more is drawn.
    least : int
        Of each stratum that has cases.
    """
    floor = [min(size, least) for size in sizes]
    count = min(count, sum(sizes))
    held = [False] * len(sizes)  # strata whose proportional part would be less than the least
    rate = 0.0
    while not all(held):
        free = sum(size for size, at in zip(sizes, held) if not at)
        rate = max(count - sum(given for given, at in zip(floor, held) if at), 0) / free if free else 0.0
        below = [at or rate * size < given for size, given, at in zip(sizes, floor, held)]
        if below == held:
            break
        held = below
    exact = [float(given) if at else rate * size for size, given, at in zip(sizes, floor, held)]
    result = [math.floor(value + 1e-9) for value in exact]
    rest = count - sum(result)
    for row in sorted(range(len(sizes)), key=lambda row: (result[row] - exact[row], -sizes[row], row)):
        if rest <= 0:
            break
        if result[row] < sizes[row]:
            result[row] += 1
            rest -= 1
    return result


def draw(keys: Sequence[str], strata: NDArray[np.int64], seed: str, count: int, least: int = 1) -> NDArray[np.int64]:
    """Draw cases; return their rows, by stratum and in the order of the draw.

    Parameters
    ----------
    keys : sequence of str
        What names each case for good (case number): the order of rows does not matter.
    strata : int array
        Number of the stratum of each case, from 0.
    seed : str
        Any text; printed on the form.
    """
    sizes = np.bincount(strata, minlength=int(strata.max()) + 1 if len(strata) else 0)
    wanted = allocate(sizes.tolist(), count, least)
    chosen: list[int] = []
    order = np.argsort(strata, kind="stable")
    ends = np.cumsum(sizes)
    for stratum, number in enumerate(wanted):
        if not number:
            continue
        rows = order[ends[stratum] - sizes[stratum] : ends[stratum]].tolist()
        rows.sort(key=lambda row: (ticket(seed, keys[row]), keys[row]))
        chosen += rows[:number]
    return np.array(chosen, dtype=np.int64)


def ticket(seed: str, key: str) -> str:
    """Return the number by which a case is drawn: smaller ones first."""
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


@dataclass(frozen=True)
class Found:
    """What a re-check says about all cases it was drawn from.

    ``share`` of genuine cases with the bounds ``low`` and ``high`` (NaN when nothing was looked at); ``worst`` and
    ``best``: with all that were not looked at false, and genuine; ``size`` cases stand behind it, of which ``drawn``
    were drawn and ``seen`` looked at.
    """

    share: float
    low: float
    high: float
    worst: float
    best: float
    size: int
    drawn: int
    seen: int


def estimate(
    sizes: Sequence[int], genuine: Sequence[int], false: Sequence[int], unseen: Sequence[int], level: float = LEVEL
) -> Found:
    """State the share of genuine cases from a stratified sample.

    Parameters
    ----------
    sizes : sequence of int
        All cases of each stratum.
    genuine, false, unseen : sequence of int
        Of those drawn, per stratum.

    Notes
    -----
    Each case looked at stands for size / seen of its stratum; strata of which nothing was seen are left out of the
    share. Interval: Wilson's with the effective number of cases of Kish, (Σw)² / Σw², raised by (N − 1) / (N − n) as
    the sample is drawn without replacement (all looked at: no width). Stratification makes it narrower than that; it
    is left wide, because a department may lose a rank by it.
    """
    good, bad = np.asarray(genuine, dtype=np.float64), np.asarray(false, dtype=np.float64)
    whole, missing = np.asarray(sizes, dtype=np.float64), np.asarray(unseen, dtype=np.float64)
    seen = good + bad
    there = seen > 0
    drawn = seen + missing
    weight = np.where(there, whole / np.maximum(seen, 1), 0.0)
    covered = whole[there].sum()
    size, number = int(whole.sum()), int(seen.sum())
    worst, best = _bound(whole, drawn, good), _bound(whole, drawn, good + missing)
    if not number:
        return Found(math.nan, math.nan, math.nan, worst, best, size, int(drawn.sum()), 0)
    share = float((weight * good).sum() / covered)
    effective = float((weight * seen).sum() ** 2 / (weight**2 * seen).sum())
    if number >= covered:
        return Found(share, share, share, worst, best, size, int(drawn.sum()), number)
    effective *= (covered - 1) / (covered - number)
    low, high = wilson(share * effective, effective, level)
    return Found(share, float(low), float(high), worst, best, size, int(drawn.sum()), number)


def _bound(whole: NDArray[np.float64], drawn: NDArray[np.float64], good: NDArray[np.float64]) -> float:
    there = drawn > 0
    if not there.any():
        return math.nan
    return float((whole[there] * good[there] / drawn[there]).sum() / whole[there].sum())


# Columns of the form that is filled in; any language of ours is understood when it comes back.
FORM = ("recheck", "case_no", "stratum", "class", "department", "address", "moment", "result", "checked_at",
        "checked_by", "note")  # fmt: skip
NEEDED = ("recheck", "case_no", "result")
_WORDS = {
    GENUINE: ("genuine", "true", "yes", "1", "属实", "是", "合格", "已解决", "真"),
    FALSE: ("false", "no", "0", "不属实", "否", "不合格", "未解决", "假"),
    UNSEEN: ("unseen", "not seen", "not checked", "未查", "未核查", "无法核查"),
}
_RESULT_OF = {word: result for result, words in _WORDS.items() for word in words}


def result_of(text: object) -> str:
    """Return the result that a word of the form means; "" for a word that means none."""
    return _RESULT_OF.get(str("" if text is None else text).strip().casefold(), "")
