# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases that are handed over: what a case was then (its digest), states of a receipt, what contradicts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# What a receiver works on; a change of any of these after the hand-over is a conflict.
DIGESTED = (
    "case_no", "kind", "class_code", "condition", "description", "address", "component_code", "grid_code", "dept_code",
    "stage", "reported_at", "filed_at", "dispatched_at", "due_at",
)  # fmt: skip
PACKED, ACCEPTED, REFUSED, ANSWERED = "packed", "accepted", "refused", "answered"
STATES = (ACCEPTED, REFUSED, ANSWERED)
COLUMNS = ("package", "case_no", "digest", "state", "at", "note")  # of a receipt
_WORDS = {
    ACCEPTED: ("accepted", "accept", "taken", "已接收", "接收", "签收", "已签收", "收"),
    REFUSED: ("refused", "refuse", "rejected", "拒收", "退回", "已退回", "不接收"),
    ANSWERED: ("answered", "answer", "done", "已答复", "答复", "已办结", "办结", "已反馈", "反馈"),
}
_STATE_OF = {word: state for state, words in _WORDS.items() for word in words}
# What contradicts, the worst first; ``CHANGED`` and ``LATER`` are taken all the same, and said.
UNKNOWN_PACKAGE, UNKNOWN_CASE, CHECKSUM, NO_STATE, NO_TIME, FUTURE, TWICE, CHANGED, LATER = (
    "receipt.unknown_package", "receipt.unknown_case", "receipt.checksum", "receipt.no_state", "receipt.no_time",
    "receipt.future", "receipt.twice", "receipt.changed", "receipt.was_other",
)  # fmt: skip


def digest(case: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what is handed over of a case."""
    told = ["" if case.get(name) is None else str(case[name]) for name in DIGESTED]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def state_of(text: Any) -> str:
    """Return the state that a receipt's word means; "" for a word that means none."""
    return _STATE_OF.get(str(text or "").strip().casefold(), "")
