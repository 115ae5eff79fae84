# SPDX-License-Identifier: GPL-2.0-or-later
"""Schema of the city store: numbered steps for tables, a catalogue for GeoPackage, triggers that are rebuilt."""
