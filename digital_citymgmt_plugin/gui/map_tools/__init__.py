# SPDX-License-Identifier: GPL-2.0-or-later
"""Map tools: pens that say where they are; what that means is computed by the engine."""
