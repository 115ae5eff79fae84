# SPDX-License-Identifier: GPL-2.0-or-later
"""The redraw bench: a session holds the grids of a store while they are redrawn (``docs/adr/0016``)."""

from __future__ import annotations

from digital_citymgmt_plugin.services.redraw.applying import apply_redraw
from digital_citymgmt_plugin.services.redraw.comparing import compare_scenarios
from digital_citymgmt_plugin.services.redraw.editing import edit_redraw, probe_redraw, step_redraw
from digital_citymgmt_plugin.services.redraw.opening import close_redraw, open_redraw
from digital_citymgmt_plugin.services.redraw.rebasing import rebase_redraw
from digital_citymgmt_plugin.services.redraw.scenarios import discard_scenario, list_scenarios, save_scenario

__all__ = [
    "apply_redraw", "close_redraw", "compare_scenarios", "discard_scenario", "edit_redraw", "list_scenarios",
    "open_redraw", "probe_redraw", "rebase_redraw", "save_scenario", "step_redraw",
]  # fmt: skip
