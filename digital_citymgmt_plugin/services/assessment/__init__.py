# SPDX-License-Identifier: GPL-2.0-or-later
"""Assessment of areas and departments: counts, rates, scores, and runs that are kept."""

from __future__ import annotations

from digital_citymgmt_plugin.services.assessment.assess import assess
from digital_citymgmt_plugin.services.assessment.evaluate import evaluate
from digital_citymgmt_plugin.services.assessment.exporting import export_evaluation

__all__ = ["assess", "evaluate", "export_evaluation"]
