# SPDX-License-Identifier: GPL-2.0-or-later
"""The component census: what makes a row of a census file a component."""

from __future__ import annotations

# The tables of components by the dimension of their geometry: points, lines, areas.
TABLES = ("component_point", "component_line", "component_area")
# The states of a component in the words of the standard.
STATES = ("完好", "破损", "丢失", "废弃", "移除")
# States of components that are not in the street any more: neither linked to cases by distance nor compared as doubles.
GONE = ("移除", "废弃", "removed", "abandoned")
