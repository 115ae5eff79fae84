# SPDX-License-Identifier: GPL-2.0-or-later
"""Which use case serves which request. Modules are imported at the first call: the engine starts fast."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Callable

from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests import Request
from digital_citymgmt_plugin.engine.outputs import check_outputs

Service = Callable[[Context, Any], dict[str, Any]]


def _late(module: str, function: str) -> Service:
    def call(context: Context, request: Request) -> dict[str, Any]:
        check_outputs(request)
        service = getattr(import_module(f"digital_citymgmt_plugin.services.{module}"), function)
        result: dict[str, Any] = service(context, request)
        return result

    return call


SERVICES: dict[str, Service] = {
    "health": _late("health", "health"),
    "find_objects": _late("health", "find_objects"),
    "import_areas": _late("areas", "import_areas"),
    "draft_grids": _late("grids", "draft_grids"),
    "draft_sources": _late("draft_sources", "draft_sources"),
    "keep_weights": _late("draft_sources", "keep_weights"),
    "adopt_grids": _late("adoption", "adopt_grids"),
    "grids_on": _late("grid_history", "grids_on"),
    "grid_lineage": _late("grid_history", "grid_lineage"),
    "preview_grids": _late("grid_preview", "preview_grids"),
    "restate": _late("restate", "restate"),
    "renumber_grids": _late("renumbering", "renumber_grids"),
    "export_grids": _late("grid_export", "export_grids"),
    "list_platforms": _late("grid_export", "list_platforms"),
    "change_notice": _late("change_notice", "change_notice"),
    "import_components": _late("components", "import_components"),
    "assign_codes": _late("coding", "assign_codes"),
    "import_cases": _late("cases", "import_cases"),
    "import_places": _late("places", "import_places"),
    "import_tracks": _late("tracks", "import_tracks"),
    "link_cases": _late("linking", "link_cases"),
    "link_choices": _late("link_choices", "link_choices"),
    "choose_link": _late("link_choices", "choose_link"),
    "place_cases": _late("case_placing", "place_cases"),
    "recompute_due": _late("due_times", "recompute_due"),
    "amend_cases": _late("case_amending", "amend_cases"),
    "move_cases": _late("case_moves", "move_cases"),
    "list_moves": _late("case_moves", "list_moves"),
    "preview_cases": _late("case_preview", "preview_cases"),
    "place_queue": _late("place_queue", "place_queue"),
    "suggest_places": _late("place_queue", "suggest_places"),
    "assess": _late("assessment", "assess"),
    "evaluate": _late("assessment", "evaluate"),
    "list_schemes": _late("assessment.schemes", "list_schemes"),
    "freeze_run": _late("assessment.runs", "freeze_run"),
    "list_runs": _late("assessment.runs", "list_runs"),
    "open_run": _late("assessment.runs", "open_run"),
    "compare_runs": _late("assessment.runs", "compare_runs"),
    "judge_rates": _late("assessment.fairness", "judge_rates"),
    "rate_series": _late("assessment.fairness", "rate_series"),
    "compare_periods": _late("assessment.compare", "compare_periods"),
    "collector_sheets": _late("assessment.collector_sheets", "collector_sheets"),
    "cases_of_number": _late("assessment.panel", "cases_of_number"),
    "warm_panel": _late("assessment.panel", "warm_panel"),
    "export_evaluation": _late("assessment", "export_evaluation"),
    "survey_files": _late("survey", "survey_files"),
    "export_profile": _late("profile", "export_profile"),
    "import_profile": _late("profile", "import_profile"),
    "list_classes": _late("classes", "list_classes"),
    "preview_table": _late("table_preview", "preview_table"),
    "import_photos": _late("photos", "import_photos"),
    "edit_classes": _late("class_edits", "edit_classes"),
    "list_operations": _late("undoing", "list_operations"),
    "undo_operation": _late("undoing", "undo_operation"),
    "verify_store": _late("verification", "verify_store"),
    "repair_store": _late("verification", "repair_store"),
    "explain_duty": _late("duty", "explain_duty"),
    "record_ruling": _late("rulings", "record_ruling"),
    "list_rulings": _late("rulings", "list_rulings"),
    "save_fund": _late("remediation", "save_fund"),
    "remediate": _late("remediation", "remediate"),
    "list_remediation": _late("remediation", "list_remediation"),
    "import_filing_standard": _late("filing_import", "import_filing_standard"),
    "backup_store": _late("backup", "backup_store"),
    "export_audit": _late("audit", "export_audit"),
    "list_issues": _late("issue_desk", "list_issues"),
    "waive_issues": _late("issue_desk", "waive_issues"),
    "reopen_issues": _late("issue_desk", "reopen_issues"),
    "export_issues": _late("issue_lists", "export_issues"),
    "issue_history": _late("issue_lists", "issue_history"),
    "fix_components": _late("fixing", "fix_components"),
    "make_sheets": _late("sheets", "make_sheets"),
    "list_sheets": _late("sheets", "list_sheets"),
    "update_sheets": _late("sheets", "update_sheets"),
    "export_sheets": _late("sheets", "export_sheets"),
    "list_candidates": _late("candidate_list", "list_candidates"),
    "find_duplicates": _late("duplicates", "find_duplicates"),
    "list_duplicates": _late("duplicate_pairs", "list_duplicates"),
    "compare_pair": _late("duplicate_pairs", "compare_pair"),
    "merge_duplicates": _late("merging", "merge_duplicates"),
    "check_components": _late("component_checks", "check_components"),
    "check_grids": _late("grid_checks", "check_grids"),
    "mend_grids": _late("grid_mending", "mend_grids"),
    "totals": _late("totals", "totals"),
    "total_objects": _late("total_ties", "total_objects"),
    "list_rules": _late("rule_edits", "list_rules"),
    "edit_rules": _late("rule_edits", "edit_rules"),
    "list_beats": _late("beats", "list_beats"),
    "draft_beats": _late("beats", "draft_beats"),
    "save_beats": _late("beat_saving", "save_beats"),
    "export_beats": _late("beats", "export_beats"),
    "import_beats": _late("beat_import", "import_beats"),
    "preview_base_map": _late("basemap", "preview_base_map"),
    "import_base_map": _late("basemap", "import_base_map"),
    "make_candidates": _late("candidates", "make_candidates"),
    "decide_candidates": _late("candidate_decisions", "decide_candidates"),
    "case_queue": _late("dispatch", "case_queue"),
    "warm_cases": _late("dispatch", "warm_cases"),
    "case_page": _late("dispatch", "case_page"),
    "export_cases": _late("dispatch", "export_cases"),
    "slip_cases": _late("slips", "slip_cases"),
    "read_slips": _late("slips", "read_slips"),
    "write_slips": _late("slips", "write_slips"),
    "pack_cases": _late("handover", "pack_cases"),
    "read_receipt": _late("handover", "read_receipt"),
    "list_packages": _late("handover", "list_packages"),
    "export_platform_cases": _late("handover", "export_platform_cases"),
    "open_redraw": _late("redraw", "open_redraw"),
    "close_redraw": _late("redraw", "close_redraw"),
    "probe_redraw": _late("redraw", "probe_redraw"),
    "edit_redraw": _late("redraw", "edit_redraw"),
    "step_redraw": _late("redraw", "step_redraw"),
    "apply_redraw": _late("redraw", "apply_redraw"),
    "rebase_redraw": _late("redraw", "rebase_redraw"),
    "save_scenario": _late("redraw", "save_scenario"),
    "list_scenarios": _late("redraw", "list_scenarios"),
    "discard_scenario": _late("redraw", "discard_scenario"),
    "compare_scenarios": _late("redraw", "compare_scenarios"),
}

# Actions that can be done and thrown away, so that their counts are seen before anything is written.
PREVIEWED = {
    "edit_classes", "edit_rules", "import_photos", "save_beats", "import_beats",
    "import_areas", "adopt_grids", "import_components", "assign_codes", "import_cases", "link_cases", "import_places",
    "import_tracks", "import_profile", "undo_operation", "waive_issues", "reopen_issues", "fix_components",
    "make_sheets", "update_sheets", "find_duplicates", "merge_duplicates",
    "import_base_map", "make_candidates", "decide_candidates", "check_grids", "mend_grids",
    "apply_redraw", "renumber_grids",
    "recompute_due",
    "place_cases", "amend_cases", "import_filing_standard", "move_cases", "pack_cases", "read_receipt", "choose_link",
}  # fmt: skip
STORELESS = {"draft_grids", "survey_files", "preview_base_map", "import_base_map"}
# Their figures must be of one moment.
READING = {
    "draft_sources", "grids_on", "grid_lineage", "restate", "export_grids", "list_platforms", "change_notice",
    "list_beats", "draft_beats", "export_beats",
    "preview_table",
    "preview_grids",
    "list_schemes", "list_runs", "open_run", "compare_runs",
    "list_operations", "health", "find_objects", "assess", "evaluate",
    "verify_store", "export_audit", "export_profile",
    "judge_rates", "rate_series", "compare_periods", "collector_sheets",
    "list_classes", "list_issues", "export_issues", "issue_history", "list_sheets", "export_sheets",
    "list_duplicates", "compare_pair", "list_candidates",
    "explain_duty", "list_rulings", "list_remediation",
    "totals", "total_objects", "list_rules", "case_queue", "case_page", "export_cases",
    "open_redraw", "rebase_redraw", "list_scenarios", "compare_scenarios",
    "cases_of_number", "place_queue", "suggest_places", "list_moves", "preview_cases", "link_choices",
    "slip_cases", "read_slips", "write_slips", "list_packages", "export_platform_cases",
    "export_evaluation",
}  # fmt: skip
