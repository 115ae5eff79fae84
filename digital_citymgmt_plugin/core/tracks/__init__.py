# SPDX-License-Identifier: GPL-2.0-or-later
"""Tracks of collectors and vehicles: which points of a receiver's record tell where somebody was."""
