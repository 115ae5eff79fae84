# SPDX-License-Identifier: GPL-2.0-or-later
"""The gazetteer: points of interest, landmarks, door plates, streets with their numbers, cameras."""
