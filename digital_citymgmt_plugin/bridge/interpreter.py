# SPDX-License-Identifier: GPL-2.0-or-later
"""Which Python runs the engine, and with what environment. No QGIS import: scripts and tests use it, too."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from digital_citymgmt_plugin.core.errors import EngineError

PACKAGE = "digital_citymgmt_plugin"
PACKAGE_PARENT = Path(__file__).resolve().parents[2]
VARIABLE = "DCM_PYTHON"


def candidates(
    exec_prefix: str = sys.exec_prefix,
    executable: str = sys.executable or "",
    platform: str = sys.platform,
    version: tuple[int, int] = sys.version_info[:2],
) -> list[str]:
    """List where the Python of this QGIS may be, the likeliest first.

    ``sys.executable`` is no help: it is QGIS itself on Windows and macOS, and the first ``python3`` of the PATH (any
    version) where an embedded interpreter guessed it. ``sys.exec_prefix`` names the installation that is running.
    """
    prefix = Path(exec_prefix)
    numbered = f"python{version[0]}.{version[1]}"
    if platform == "win32":
        return [str(prefix / name) for name in ("python.exe", "python3.exe")]
    found = [prefix / "bin" / name for name in (numbered, "python3", "python")]
    if platform == "darwin" and executable:
        beside = Path(executable).parent
        found += [folder / name for folder in (beside / "bin", beside) for name in (numbered, "python3")]
    return [str(path) for path in found]


def find_interpreter(
    chosen: str | None = None,
    environ: Mapping[str, str] | None = None,
    places: Iterable[str] | None = None,
) -> str:
    """Return the interpreter of the engine: the setting, else ``DCM_PYTHON``, else the Python of this QGIS.

    Raises
    ------
    EngineError
        ``engine.no_interpreter`` (nothing found; ``tried``) or ``engine.wrong_interpreter`` (what was chosen is no
        file that can be run; ``path``). A wrong choice is never passed over in silence.
    """
    environ = os.environ if environ is None else environ
    wanted = (chosen or "").strip() or environ.get(VARIABLE, "").strip()
    if wanted:
        if not _runs(wanted):
            raise EngineError("engine.wrong_interpreter", path=wanted)
        return wanted
    tried = list(candidates() if places is None else places)
    for path in tried:
        if _runs(path):
            return path
    raise EngineError("engine.no_interpreter", tried=", ".join(tried))


def _runs(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.X_OK)


def engine_environment(
    interpreter: str, environ: Mapping[str, str] | None = None, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment of the engine process.

    ``PYTHONHOME`` is QGIS's and fatal to any other Python, so it is kept only for an interpreter inside it.
    ``PYTHONPATH`` is kept (packages that the user or a test added), with the folder of this package in front.
    """
    result = dict(os.environ if environ is None else environ)
    home = result.get("PYTHONHOME")
    if home and not _inside(interpreter, home):
        del result["PYTHONHOME"]
    for name in ("PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__"):
        result.pop(name, None)
    paths = [str(PACKAGE_PARENT), *filter(None, result.get("PYTHONPATH", "").split(os.pathsep))]
    result["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    result["PYTHONUTF8"] = "1"
    result["PYTHONIOENCODING"] = "utf-8"
    result["PYTHONUNBUFFERED"] = "1"
    result.update(extra or {})
    return result


def _inside(path: str, folder: str) -> bool:
    wanted = Path(os.path.realpath(folder))
    return wanted in Path(os.path.realpath(path)).parents
