# SPDX-License-Identifier: GPL-2.0-or-later
"""Set-up, packaging, demo, benchmarks: what developers and CI run."""
