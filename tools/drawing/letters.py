"""How wide a text is, so that a picture knows what fits before anything draws it.

The widths are those of DejaVu Sans, which Verdana equals and other common sans-serif fonts stay below.
"""

from __future__ import annotations

FAMILY = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
"""The fonts of a picture, the widest first: a text that fits in one of them fits in those after it."""

LINE = 1.2
"""The height of a line of text, as a multiple of the size of its letters."""

# Thousandths of the size, for the characters from the space to the tilde.
_PLAIN = (
    "318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 636 636 636 636 636 337 "
    "337 838 838 838 531 1000 684 686 698 770 632 575 775 752 295 295 656 557 863 748 787 603 787 695 635 611 732 "
    "684 989 685 611 685 390 337 390 838 500 500 613 635 550 635 615 352 635 634 278 278 579 278 974 634 612 635 "
    "635 411 521 392 634 592 818 592 592 525 636 337 636 838"
)
_BOLD = (
    "348 456 521 838 696 1002 872 306 457 457 523 838 380 415 380 365 696 696 696 696 696 696 696 696 696 696 400 "
    "400 838 838 838 580 1000 774 762 734 830 683 683 821 837 372 372 775 637 995 837 850 733 850 770 720 682 812 "
    "774 1103 771 724 725 457 365 457 838 500 500 675 716 593 716 678 435 716 712 343 343 665 343 1042 712 687 "
    "716 716 493 595 478 712 652 924 645 652 582 712 365 712 838"
)
WIDTHS = {bold: tuple(map(int, table.split())) for bold, table in ((False, _PLAIN), (True, _BOLD))}

OTHER = 1050
"""What any other character is taken to have: as much as the widest of them, a square of a CJK font."""


def width_of(text: str, size: float, bold: bool = False) -> float:
    """How wide a text of letters of a size is, in the unit of the size, at most."""
    table = WIDTHS[bold]
    return sum(table[ord(one) - 32] if " " <= one <= "~" else OTHER for one in text) * size / 1000


def shortest(text: str, width: float, size: float, bold: bool = False) -> str:
    """A text cut in its middle to fit into a width; empty where not even three letters of it do."""
    if width_of(text, size, bold) <= width:
        return text
    for kept in range(len(text) - 1, 2, -1):
        head = (kept + 1) // 2
        cut = f"{text[:head]}…{text[len(text) - (kept - head) :]}"
        if width_of(cut, size, bold) <= width:
            return cut
    return ""


def wrapped(text: str, width: float, size: float) -> list[str]:
    """A text in lines that fit into a width; a word that is longer has a line of its own, cut to fit."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.append(shortest(word, width, size))
    return lines
