# SPDX-License-Identifier: GPL-2.0-or-later
"""The Processing provider ``dcm``: one file per algorithm; each asks the engine what the docks ask it, too."""
