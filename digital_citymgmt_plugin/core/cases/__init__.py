# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases: their times and stages, where they belong, which component they are about."""
