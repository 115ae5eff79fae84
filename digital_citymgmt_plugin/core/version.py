# SPDX-License-Identifier: GPL-2.0-or-later
"""Which version this is and which pipe protocol it speaks; both ends of the pipe compare these."""

from __future__ import annotations

VERSION = "0.1.0"  # the same as in metadata.txt (tested)
PROTOCOL = 1  # of the pipe between QGIS and the engine
