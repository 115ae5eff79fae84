# SPDX-License-Identifier: GPL-2.0-or-later
"""The form of words after a number."""

from __future__ import annotations

import pytest

from digital_citymgmt_plugin.bridge.plural import counted


@pytest.mark.parametrize(
    ("words", "values", "wanted"),
    [
        ("{count} [change|changes]", {"count": 1}, "1 change"),
        ("{count} [change|changes]", {"count": "1"}, "1 change"),
        ("{count} [change|changes]", {"count": 0}, "0 changes"),
        ("{count} [change|changes]", {"count": "1,001"}, "1,001 changes"),
        ("{a} [grid|grids], {b} [change|changes] not written", {"a": 2, "b": 1}, "2 grids, 1 change not written"),
        ("{count} [rule is|rules are] changed", {"count": 1}, "1 rule is changed"),
        ("{name} ({count} [change|changes])", {"name": "[a|b] {x}", "count": 1}, "[a|b] {x} (1 change)"),
        ("未写入 {count} 处", {"count": 1}, "未写入 1 处"),
    ],
)
def test_form_of_words(words, values, wanted):
    assert counted(words, **values) == wanted
