# SPDX-License-Identifier: GPL-2.0-or-later
"""The process that owns the store: one request at a time from a pipe, progress and cancel beside it."""
