# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo city: a made-up Chinese town, its components and its cases, as input files, the same for the same seed."""
