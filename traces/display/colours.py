"""Colours that those who see few colours tell apart, in pages and in pictures."""

from __future__ import annotations

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8c8c8c")
"""Those of Okabe and Ito; black is a grey, which shows on black too."""

BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW, GREY = COLOURS

LOOK_OF_COMPONENTS = {
    "main_memory": 0,
    "sensing": 1,
    "arrays": 2,
    "neurons_adcs": 3,
    "dacs": 4,
    "buses": 5,
    "program_erase": 6,
    "leakage": 7,
    "others": 15,
}
"""The looks of a chip's components, the same in each picture: their colours, from 8 on with a texture."""

BLACK = "#000000"
"""On a white picture alone."""
