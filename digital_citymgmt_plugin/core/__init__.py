# SPDX-License-Identifier: GPL-2.0-or-later
"""The domain: pure functions over arrays and frozen dataclasses; no QGIS, Qt, files, SQL or clock."""
