# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:importtracks`."""

from __future__ import annotations

from digital_citymgmt_plugin.algorithms import parameters as p
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, tr
from digital_citymgmt_plugin.algorithms.given import Given
from digital_citymgmt_plugin.core.requests import ImportTracks
from digital_citymgmt_plugin.core.tracks.fields import FIELDS


class ImportTracksAlgorithm(CityAlgorithm):
    """Bring tracks of collectors and vehicles into the store, cleaned."""

    ID = "importtracks"
    ICON = "link"
    GROUP = "cases"
    COUNTS = (
        "read",
        "accepted",
        "rejected",
        "inserted",
        "unchanged",
        "duplicates",
        "same_time",
        "far",
        "jumps",
        "drift",
        "unordered",
        "carriers",
        "tracks",
    )
    WRITES = True
    INPUTS = ("INPUT",)

    def displayName(self) -> str:
        return tr("Import tracks")

    def what(self) -> str:
        return tr(
            "Brings positions of collectors or vehicles (CSV, XLSX, GPX, point layers) into the city store and cleans "
            "them: points are put in order of time; double points, points far outside the county, jumps at an "
            "impossible speed and drift while standing are dropped, each counted by its reason; a gap begins a new "
            "track.\n"
            "Of each track the largest set of points stays that could be reached one from the other. No coordinate is "
            "changed. The same file a second time changes nothing."
        )

    def limits(self) -> str:
        return tr(
            "Times without a zone are local times of the city, and that is said; a mapping may name another zone or a "
            "pattern (\u201ctime_format\u201d; \u201cunix\u201d for seconds since 1970). Shifted coordinates of online "
            "maps are put back only when asked for. A GPX file that declares a document type is refused."
        )

    def declare(self) -> None:
        p.add_input(self, tr("Tracks"), FIELDS)
        self.add(p.choice("KIND", tr("Who moves"), ("vehicle", "collector"), "vehicle"), tr("Sets the speed allowed."))
        self.add(
            p.text("CARRIER", tr("Collector or vehicle"), optional=True),
            tr("Whose tracks they are, when no column tells it."),
        )
        self.add(
            p.number("MAX_SPEED", tr("Highest speed (m/s)"), None, 0.1),
            tr("Empty: 40 for vehicles, 15 for collectors. What would be faster is a jump."),
            advanced=True,
        )
        self.add(
            p.number("GAP", tr("Gap (s)"), 600.0, 1.0),
            tr("After a longer time without a point a new track begins."),
            advanced=True,
        )
        self.add(
            p.number("STAY_RADIUS", tr("Radius of a stay (m)"), 15.0, 0.0),
            tr("Who stays within it for the time below is standing: first and last point are kept."),
            advanced=True,
        )
        self.add(p.number("STAY_TIME", tr("Time of a stay (s)"), 120.0, 1.0), advanced=True)
        self.add(
            p.number("FAR", tr("Distance outside the county (m)"), 5000.0, 0.0),
            tr("Points further away are dropped."),
            advanced=True,
        )
        self.add(*p.shift(), advanced=True)
        p.add_file_options(self)

    def request(self, given: Given) -> ImportTracks:
        given.store_path()
        return ImportTracks(
            input=given.need_layer("INPUT", encoding=given.text("ENCODING"), crs=given.crs("CRS")),
            mapping=given.mapping("MAPPING"),
            carrier=given.text("CARRIER"),
            shift=given.choice("SHIFT"),
            kind=given.choice("KIND"),
            max_speed=given.number("MAX_SPEED", 0.1),
            gap=given.number("GAP", 1.0) or 600.0,
            stay_radius=_or(given.number("STAY_RADIUS", 0.0), 15.0),
            stay_time=given.number("STAY_TIME", 1.0) or 120.0,
            far=_or(given.number("FAR", 0.0), 5_000.0),
            rejects=given.output_file("REJECTS"),
        )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
