"""Colours that those who see few colours tell apart, in pages and in pictures."""

from __future__ import annotations

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8c8c8c")
"""Those of Okabe and Ito; black is a grey, which shows on black too."""

BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW, GREY = COLOURS

BLACK = "#000000"
"""On a white picture alone."""
