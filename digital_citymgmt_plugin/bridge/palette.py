# SPDX-License-Identifier: GPL-2.0-or-later
"""Colours and shapes of the map in its three looks: light, dark, high contrast.

What must be told apart differs in shape as well as in colour, so that print and colour-blind eyes lose nothing; the
stages' colours are those of Okabe and Ito's palette for colour-blind readers, ordered by us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from qgis.PyQt.QtCore import QCoreApplication

MAGENTA = "#e5007f"
# major class → shape of its dot seen from afar (of its symbols' ground from near by), English name
MAJORS: Mapping[str, tuple[str, str]] = {
    "01": ("circle", "Public utilities"),
    "02": ("square", "Road traffic"),
    "03": ("triangle", "City appearance and sanitation"),
    "04": ("diamond", "Parks and greenery"),
    "05": ("pentagon", "Houses and land, others"),
    "06": ("star", "Other facilities"),
    "21": ("cross_fill", "Local extension"),
}
OTHER = ("hexagon", "Other classes")
# stage → legend, shape, size in mm; in the order of a case's life
STAGES: Mapping[str, tuple[str, str, float]] = {
    "collection": ("Collection", "circle", 2.2),
    "filing": ("Filing", "square", 2.1),
    "dispatch": ("Dispatch", "triangle", 2.6),
    "disposal": ("Disposal", "diamond", 2.7),
    "feedback": ("Feedback", "pentagon", 2.6),
    "check": ("Check and closing", "star", 3.0),
    "closed": ("Closed", "circle", 1.2),
    "parked": ("Parked", "half_square", 2.2),
    "void": ("Void", "cross2", 1.5),
}

LATE = "Overdue (ring)"
NEAR = "Due within a day (ring)"
NO_STAGE = "Stage not stated"
PLACES: Mapping[str, str] = {
    "poi": "Point of interest",
    "landmark": "Landmark",
    "plate": "Door plate",
    "street": "Street",
}
TITLES: Mapping[str, str] = {"light": "Light", "dark": "Dark", "contrast": "High contrast"}


def tr(text: str) -> str:
    """Translate a word of the legend."""
    return QCoreApplication.translate("Styles", text)


@dataclass(frozen=True)
class Look:
    """One way the map looks; colours as ``#rrggbb``."""

    key: str
    canvas: str  # background of the map
    text: str
    halo: str
    mark: str  # the sign in a symbol, and the rim around it
    majors: Mapping[str, str]
    other: str
    stages: Mapping[str, str]
    rim: str  # outline of case markers
    late: str  # ring around overdue cases and open issues
    near: str  # ring around cases whose time is up within a day
    grid: str
    community: str
    community_fill: str
    street: str
    county_fill: str
    place: str
    track: str
    weight: float = 1.0  # factor of line widths
    letters: float = 1.0  # factor of label sizes


LIGHT = Look(
    key="light",
    canvas="#ffffff",
    text="#202020",
    halo="#ffffff",
    mark="#ffffff",
    majors=MappingProxyType(
        {
            "01": "#1f6fb4", "02": "#6b4ea0", "03": "#b3592d", "04": "#277d35", "05": "#8a6d00", "06": "#4d4d4d",
            "21": "#008080",
        }
    ),
    other="#7f7f7f",
    stages=MappingProxyType(
        {
            "collection": "#56b4e9", "filing": "#0072b2", "dispatch": "#f0e442", "disposal": "#e69f00",
            "feedback": "#cc79a7", "check": "#009e73", "closed": "#b4b4b4", "parked": "#1a1a1a", "void": "#6e6e6e",
        }
    ),
    rim="#303030",
    late="#c8102e",
    near="#e69f00",
    grid=MAGENTA,
    community="#2f5d8a",
    community_fill="#f5f8fb",
    street="#5a5a5a",
    county_fill="#f7f5ef",
    place="#7a3e9d",
    track="#006d77",
)  # fmt: skip
DARK = Look(
    key="dark",
    canvas="#1c2126",
    text="#f0f0f0",
    halo="#12161a",
    mark="#12161a",
    majors=MappingProxyType(
        {
            "01": "#6db7f2", "02": "#b79df0", "03": "#f0996b", "04": "#74cf80", "05": "#e0bf4d", "06": "#c4c4c4",
            "21": "#4fd0d0",
        }
    ),
    other="#a0a0a0",
    stages=MappingProxyType(
        {
            "collection": "#56b4e9", "filing": "#1f8fd6", "dispatch": "#f0e442", "disposal": "#e69f00",
            "feedback": "#e884bd", "check": "#12b886", "closed": "#6b747c", "parked": "#ffffff", "void": "#c0c0c0",
        }
    ),
    rim="#0a0c0e",
    late="#ff5a6e",
    near="#ffc34d",
    grid="#ff5cb4",
    community="#8fb8de",
    community_fill="#222a31",
    street="#b0b0b0",
    county_fill="#1f262c",
    place="#cfa5e6",
    track="#6fd3dc",
)  # fmt: skip
CONTRAST = Look(
    key="contrast",
    canvas="#ffffff",
    text="#000000",
    halo="#ffffff",
    mark="#ffffff",
    majors=MappingProxyType(
        {
            "01": "#003f7d", "02": "#45138a", "03": "#7a2a00", "04": "#00530f", "05": "#524000", "06": "#000000",
            "21": "#004b4b",
        }
    ),
    other="#3c3c3c",
    stages=MappingProxyType(
        {
            "collection": "#8fd3ff", "filing": "#003f7d", "dispatch": "#ffee00", "disposal": "#d98200",
            "feedback": "#c2428f", "check": "#00704f", "closed": "#8c8c8c", "parked": "#000000", "void": "#3c3c3c",
        }
    ),
    rim="#000000",
    late="#b00020",
    near="#8a5a00",
    grid="#b0005f",
    community="#00305c",
    community_fill="#ffffff",
    street="#000000",
    county_fill="#ffffff",
    place="#4a0072",
    track="#00444a",
    weight=1.6,
    letters=1.25,
)  # fmt: skip
LOOKS: Mapping[str, Look] = MappingProxyType({look.key: look for look in (LIGHT, DARK, CONTRAST)})
