# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine's first words, said before numpy and shapely are imported, and what it answers when they cannot be."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Optional

from digital_citymgmt_plugin.core.errors import EngineError
from digital_citymgmt_plugin.core.version import PROTOCOL, VERSION
from digital_citymgmt_plugin.dependencies import PACKAGES, environment_command, install_command, is_managed, report
from digital_citymgmt_plugin.engine.pipe import Pipe, error_line
from digital_citymgmt_plugin.storage.schema.catalogue import SCHEMA_VERSION


def greeting() -> dict[str, Any]:
    """Return the hello line: versions and which packages this interpreter has."""
    hello = {
        "protocol": PROTOCOL, "version": VERSION, "schema": SCHEMA_VERSION, "pid": os.getpid(),
        "python": sys.version.split()[0], **report(),
    }  # fmt: skip
    return {"hello": hello}


def lacking() -> list[str]:
    """Return the packages without which no action works that are missing or too old here."""
    missing = report()["missing"]
    return [package.name for package in PACKAGES if package.vital and package.name in missing]


def packages_error(error: Optional[ImportError] = None) -> EngineError:  # noqa: UP045
    """Say which packages are missing or too old, and how to get all that are.

    Parameters
    ----------
    error : ImportError, optional
        What an import said; without it those that every action needs are meant.
    """
    found = report()
    names = [(error.name or str(error)).split(".")[0]] if error is not None else lacking()
    bounds = [
        f"{one['name']} {one['found']} < {one['minimum']}" if one["found"] else f"{one['name']} ≥ {one['minimum']}"
        for one in found["packages"]
        if one["name"] in names
    ]
    values = {
        "packages": ", ".join(names), "reason": str(error) if error is not None else ", ".join(bounds),
        "interpreter": sys.executable,
    }  # fmt: skip
    wanted = found["missing"] or names
    if not is_managed():
        return EngineError("engine.packages", command=install_command(wanted), **values)
    folder = Path.home() / "dcm-engine"
    command, python = environment_command(wanted, str(folder))
    return EngineError("engine.packages_managed", command=command, python=python, **values)


def refuse_all(pipe: Pipe, refusal: EngineError) -> None:
    """Answer every request with the packages that are missing and how to get them, until the input ends."""
    while True:
        message = pipe.next_request()
        if message is None:
            return
        pipe.send(error_line(message.get("id"), refusal))
