"""Why cells of Fig. 7b differ from ours, one sentence each; what is not named here agrees with its printed interval."""

from __future__ import annotations

_BUILT_FOR_36 = "The printed areas and leakage follow from N = 36, the printed N is 38 (DEVIATIONS.md, D10)."
_BLOCKS = (
    "The table's energies, operations and throughput agree with four blocks fewer than ResNet-152 has, while its arrays"
    " agree with the full network; resnet152_as_tabulated stands beside."
)
_CELL_STATE = (
    "The cell state stays in the vector agent here, so fewer words cross memory and buses than the table's energies"
    " imply; no program meets its memory and bus cells at once."
)
_SHARE = "A share of the total: it moves with the cells that differ."

_TWO = "Two operations for each multiply-accumulate; the table counts them otherwise."

NOTES: dict[tuple[str, str], str] = {
    ("inception_v1", "parameters"): "The network has 6,990,272 weights; the table's 7.2e6 is 3 % more.",
    (
        "inception_v1",
        "operations",
    ): "Two for each multiply-accumulate gives 3.165e9; the table's own throughput times its"
    " latency gives 5.24e9, by a count that it does not explain.",
    ("inception_v1", "mm_utilisation_pct"): "The table holds the first convolution's output and the pooled one at once;"
    " here it is pooled on its way into memory, so only the pooled one is ever there.",
    ("inception_v1", "area_mm2"): _BUILT_FOR_36,
    ("inception_v1", "area_pct"): _BUILT_FOR_36,
    ("inception_v1", "energy_pct"): _SHARE,
    ("inception_v1", "energy_pct.leakage"): _BUILT_FOR_36,
    ("resnet_152", "parameters"): "The network has 60,040,384 weights, and its chip holds them; 1.1e7 is a misprint.",
    ("resnet_152", "operations"): _BLOCKS,
    ("resnet_152", "mm_accesses"): _BLOCKS + " Residual operands are read from memory, which the table does not count.",
    ("resnet_152", "mm_utilisation_pct"): "The table's value is 25 units of 784 words; here a residual block's input,"
    " inner map and output overlap as the program frees them.",
    ("resnet_152", "power_mw"): _BLOCKS,
    ("resnet_152", "efficiency_tops_per_j"): _BLOCKS,
    ("resnet_152", "energy_pct"): _BLOCKS,
    (
        "gnmt",
        "mm_accesses",
    ): "The table's 1.7e3 is ten times too low for its own memory energy, and equals the words that 104 vectors take.",
    ("gnmt", "mm_utilisation_pct"): "The table counts 104 vectors of 1,024; the program frees each when it was read.",
    ("gnmt", "energy_pct.main_memory"): _CELL_STATE,
    (
        "gnmt",
        "energy_pct.buses",
    ): "Words into and out of the arrays are charged by their counts; the table's cell is about"
    " 60 % of what its convolutional networks imply a word.",
    ("gnmt", "energy_pct"): _SHARE,
}
"""A sentence by network and row; a row without one takes that of its family (`energy_pct`)."""


def note(network: str, row: str) -> str:
    """The sentence for a row, "" where there is none."""
    if row.endswith("_2mac"):
        return _TWO
    return NOTES.get((network, row)) or NOTES.get((network, row.split(".")[0]), "")
