# SPDX-License-Identifier: GPL-2.0-or-later
"""The base map: what a drawing holds, its themes, its coordinates, its sheets."""
