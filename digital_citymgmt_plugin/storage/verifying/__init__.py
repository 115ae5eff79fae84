# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of a store against itself, as data where SQL can say them, and the repairs of what can be repaired."""
