# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeded errors: planted into a copy of a city store, with a list of what the checks must find there."""
