# SPDX-License-Identifier: GPL-2.0-or-later
"""What all tests share: the real data, the rule against silent skips, QGIS blocked where it has no business."""

from __future__ import annotations

import importlib.abc
import importlib.metadata
import os
import sys
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("DCM_SHARED") or ROOT.parent / "shared" / "data").resolve()
REQUIRE_REAL = os.environ.get("DCM_REQUIRE_REAL") == "1"
BLOCKED = ("qgis", "osgeo", "PyQt5", "PyQt6")

_real_ran: set[str] = set()
_real_skipped: dict[str, str] = {}


class _QgisBlocker(importlib.abc.MetaPathFinder):
    """Let every import of QGIS, Qt or GDAL fail, so that the core is proved to do without."""

    def find_spec(self, name, path=None, target=None):  # the signature is Python's
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{name} is blocked: these tests run without QGIS (--block-qgis)", name=name)


def pytest_addoption(parser):
    parser.addoption("--block-qgis", action="store_true", help="make imports of qgis, osgeo and PyQt fail")


def pytest_configure(config):
    if config.getoption("--block-qgis"):
        loaded = sorted(name for name in BLOCKED if name in sys.modules)
        if loaded:
            raise pytest.UsageError(f"--block-qgis: already imported {loaded}; add -p no:pytest_qgis -p no:pytest-qt")
        sys.meta_path.insert(0, _QgisBlocker())
    # Speed is guarded by benchmarks; on a busy machine these two checks would fail tests that are right.
    hypothesis.settings.register_profile(
        "dcm", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("dcm")


def pytest_report_header(config):
    versions = []
    for name in ("numpy", "shapely", "pandas", "geopandas", "pyogrio", "fiona", "pyproj", "openpyxl", "scipy"):
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} missing")
    data = "there" if SHARED.is_dir() else "MISSING"
    return [", ".join(versions), f"real data: {data}{', required' if REQUIRE_REAL else ''}"]


def pytest_collection_modifyitems(config, items):
    """Leave the soak out unless it is asked for: deselected, not skipped."""
    if "soak" in (config.option.markexpr or ""):
        return
    soak = [item for item in items if item.get_closest_marker("soak")]
    if soak:
        config.hook.pytest_deselected(items=soak)
        items[:] = [item for item in items if not item.get_closest_marker("soak")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if item.get_closest_marker("real_data"):
        if report.skipped:
            _real_skipped[item.nodeid] = str(report.longrepr)
        elif report.when == "call":
            _real_ran.add(item.nodeid)
    return report


def pytest_terminal_summary(terminalreporter):
    if REQUIRE_REAL:
        terminalreporter.write_line(f"tests on real data: {len(_real_ran)} ran, {len(_real_skipped)} were skipped")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """Fail where the real data is required and a test on it was skipped."""
    if REQUIRE_REAL and _real_skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real data; tests that use it carry the marker real_data."""
    if not SHARED.is_dir():
        pytest.skip("no real data: set DCM_SHARED to the folder (default ../shared/data)")
    return SHARED


@pytest.fixture
def chinese_path(tmp_path) -> Path:
    """A folder with Chinese characters, a space and a quote in its name."""
    folder = tmp_path / "城管 数据's"
    folder.mkdir()
    return folder
