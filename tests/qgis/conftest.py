# SPDX-License-Identifier: GPL-2.0-or-later
"""What all tests in a QGIS application share."""

from __future__ import annotations

import gc
import traceback

import pytest


@pytest.fixture(scope="session", autouse=True)
def leave_nothing_for_the_end(qgis_app):
    """Let go of what the frames of finished tests hold while QGIS is still there.

    A ``QgsProcessingException`` that a test caught never goes away (SIP keeps it), and with it the frame of the test
    and its layers. A layer that goes when the interpreter ends, after GDAL has been shut down, brings the process
    down: all tests passed, exit code 139.
    """
    yield
    for caught in [found for found in gc.get_objects() if isinstance(found, BaseException)]:
        traceback.clear_frames(caught.__traceback__)
    gc.collect()
