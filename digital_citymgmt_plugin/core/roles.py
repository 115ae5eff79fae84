# SPDX-License-Identifier: GPL-2.0-or-later
"""What a file can be to a new city. Names alone: windows know them before any package is there."""

from __future__ import annotations

COUNTIES, STREETS, COMMUNITIES, GRIDS = "counties", "streets", "communities", "grids"
COMPONENTS, CASES, EVENTS, PROFILE, OTHER = "components", "cases", "events", "profile", "other"
ROLES = (COUNTIES, STREETS, COMMUNITIES, GRIDS, COMPONENTS, CASES, EVENTS, PROFILE, OTHER)
