# SPDX-License-Identifier: GPL-2.0-or-later
"""The QGIS side without windows: engine client, input layers, feedback, settings, sentences, translation."""
