# SPDX-License-Identifier: GPL-2.0-or-later
"""Where cases crowd, when, and who sees them."""
