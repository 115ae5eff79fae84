# SPDX-License-Identifier: GPL-2.0-or-later
"""What rows and periods of the assessment dock are called."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication

BY = (
    "county", "street", "community", "grid", "beat", "department", "collector", "acceptor", "shift_lead", "dispatcher",
    "major", "class", "source",
)  # fmt: skip


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("AssessmentDock", text)


def by_words(by: str) -> str:
    """Return what the rows of a table are called."""
    words = {
        "county": tr("By county"), "street": tr("By street"), "community": tr("By community"),
        "grid": tr("By unit grid"), "beat": tr("By beat"), "department": tr("By department"),
        "collector": tr("By collector"), "acceptor": tr("By acceptor"), "shift_lead": tr("By shift lead"),
        "dispatcher": tr("By dispatcher"),
        "major": tr("By major class"), "class": tr("By class"), "source": tr("By source"),
    }  # fmt: skip
    name, _, day = by.partition("@")
    told = words.get(name, name)
    return tr("{rows}, grids of {day}").replace("{rows}", told).replace("{day}", day) if day else told


def period_words(name: str) -> str:
    """Return the name of a period."""
    words = {
        "all": tr("All cases"), "this_week": tr("This week"), "last_week": tr("Last week"),
        "this_month": tr("This month"), "last_month": tr("Last month"), "this_quarter": tr("This quarter"),
        "last_quarter": tr("Last quarter"), "this_year": tr("This year"), "last_year": tr("Last year"),
        "own": tr("From … to …"),
    }  # fmt: skip
    return words[name]
