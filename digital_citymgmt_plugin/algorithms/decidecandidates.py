# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:decidecandidates`."""

from __future__ import annotations

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests_basemap import DecideCandidates


class DecideCandidatesAlgorithm(CityAlgorithm):
    """Confirm, reject, merge or reopen candidates, singly or by a filter."""

    ID = "decidecandidates"
    ICON = "candidates"
    GROUP = "components"
    COUNTS = ("chosen", "changed", "decided")
    WRITES = True

    def displayName(self) -> str:
        return tr("Decide on candidates")

    def what(self) -> str:
        return tr(
            "Confirms candidates (each becomes a component with the base map as source), rejects them, merges those "
            "that are one object, or reopens what was rejected or merged: those named, or all that the filter takes. "
            "Class, sheet, drawing and distance may be combined."
        )

    def limits(self) -> str:
        return tr(
            "Components made have no code until “Assign codes”. What was confirmed is reopened only by “Take an action "
            "back”. Class, sheet or drawing that is not there is refused; without candidates named, merging needs a "
            "distance. A second run finds nothing to do."
        )

    def declare(self) -> None:
        self.add(*p.store())
        decisions = ("confirm", "reject", "merge", "reopen")
        self.add(
            p.choice("DECISION", tr("Decision"), decisions, "confirm"),
            tr("confirm: make components; reject: no components; merge: one object; reopen: decide anew."),
        )
        self.add(p.text("CLASS", tr("Class"), optional=True), tr("Only candidates of this class code, e.g. 0101."))
        self.add(p.text("SHEET", tr("Map sheet"), optional=True), tr("Only in the sheet with this number."))
        self.add(p.text("DRAWING", tr("Drawing"), optional=True), tr("Only of the drawing with this name."))
        self.add(
            p.number("DISTANCE", tr("Distance (m)"), None, 0.0),
            tr(
                "confirm: only without a component of their class that near; reject and reopen: only with one; merge: "
                "those of one class that near to each other become one."
            ),
        )
        self.add(
            p.text("AS_CLASS", tr("Confirm as class"), optional=True),
            tr("The class code that the components get; empty: as each candidate says."),
        )
        self.add(p.text("REASON", tr("Reason"), optional=True), tr("Kept as remark of what is not confirmed."))
        self.add(
            p.text("CANDIDATES", tr("Candidates"), optional=True, lines=True),
            tr("uuids with commas or line breaks between, instead of class, sheet and drawing."),
            advanced=True,
        )
        self.add(
            p.text("INTO", tr("Goes on in a merge"), optional=True),
            tr("uuid of the candidate that stays open; empty: the first."),
            advanced=True,
        )

    def request(self, given: Given) -> DecideCandidates:
        given.store_path()
        return DecideCandidates(
            decision=given.choice("DECISION"),
            candidates=",".join((given.text("CANDIDATES") or "").replace(",", " ").split()),
            class_code=given.text("CLASS"),
            sheet=given.text("SHEET"),
            drawing=given.text("DRAWING"),
            distance=given.number("DISTANCE", 0.0),
            as_class=given.text("AS_CLASS"),
            into=given.text("INTO"),
            reason=given.text("REASON"),
        )
