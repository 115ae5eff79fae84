# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit grids: drafting, checking, numbering, and finding the grid of an object."""
