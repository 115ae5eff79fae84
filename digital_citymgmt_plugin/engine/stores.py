# SPDX-License-Identifier: GPL-2.0-or-later
"""Making and upgrading stores: the only requests that do not work on an open one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Clock, Context, Projections
from digital_citymgmt_plugin.core.requests import CreateStore, UpgradeStore
from digital_citymgmt_plugin.storage import migrate, profile_workbook, profiles, upgrading


def make_store(
    request: CreateStore, projections: Projections, program: str, done_by: str, clock: Clock
) -> dict[str, int]:
    """Make a new city store with its profile; returns the number of rows of each profile table.

    Raises
    ------
    InputRefused, ProfileError, StoreError
        A parameter, the profile workbook or the place of the file cannot be used; nothing is written.
    """
    if request.profile:
        profile = profile_workbook.read_profile(request.profile)
    else:
        profile = profiles.builtin_profile(request.edition)
    digits = next((part.digits for part in profile.grid_scheme.segments if part.name == "county"), 6)
    if not re.fullmatch(rf"[0-9]{{{digits}}}", request.county_code):
        raise InputRefused("input.county_code", value=request.county_code, digits=digits)
    if not projections.is_metric(request.crs):
        raise InputRefused("input.crs_not_metric", crs=request.crs)
    try:
        ZoneInfo(request.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InputRefused("input.time_zone", value=request.time_zone) from None
    if Path(request.path).suffix.lower() != ".gpkg":
        raise InputRefused("store.wrong_ending", path=request.path)
    tables, meta = profiles.profile_tables(profile)
    meta = {
        **meta, "edition": profile.edition, "county_code": request.county_code, "county_name": request.county_name,
        "crs": request.crs, "time_zone": request.time_zone,
    }  # fmt: skip
    migrate.create_store(
        request.path, meta, projections.describe(request.crs), tables, program=program, done_by=done_by, clock=clock
    )
    return {name: len(next(iter(columns.values()))) if columns else 0 for name, columns in tables.items()}


def upgrade(request: UpgradeStore, program: str, done_by: str, context: Context) -> dict[str, Any]:
    """Upgrade a store that is not open; see ``storage.upgrading.upgrade_store``."""
    found = upgrading.upgrade_store(
        request.path, program=program, done_by=done_by, clock=context.clock, progress=context.progress,
        cancel=context.cancel,
    )  # fmt: skip
    return {"counts": {"steps": found["steps"]}, "operation": None, "tables": [], "notes": [], **found}
