# SPDX-License-Identifier: GPL-2.0-or-later
"""Assessment: named counts of cases at a cut-off, and rates over them."""
