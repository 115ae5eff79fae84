# SPDX-License-Identifier: GPL-2.0-or-later
"""The wizard *New city from what I have*: files, city, check, build."""
