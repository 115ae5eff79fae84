# SPDX-License-Identifier: GPL-2.0-or-later
"""Use cases: what a button, an algorithm and a script all call. They know the ports, not what is behind them."""
