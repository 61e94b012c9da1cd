"""Timing regression tests: goldens, the pytest plugin, and what compares them."""
