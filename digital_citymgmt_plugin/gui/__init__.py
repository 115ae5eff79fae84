# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows of the plugin: docks, dialogs, models. Work is done by the engine; nothing here waits for it."""
