# SPDX-License-Identifier: GPL-2.0-or-later
"""The city store behind its port, and files in and out."""
