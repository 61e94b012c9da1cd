"""In which turns the tile columns of a product are converted: those that need one bus, or one set of neurons, wait.

Currents run down a column of arrays, or up, to the middle of the chip, and there across to the column of their neurons.
"""

from __future__ import annotations

from collections.abc import Sequence

Run = tuple[int, int, int]
"""Arrays of one column, from a row down: (column, row, height)."""

TOP, BOTTOM = "top", "bottom"

_Claims = set[tuple[str | int, ...]]


def turns_of(tile_columns: Sequence[Sequence[Run]], m_top: int) -> list[int]:
    """The turn in which each tile column is converted, given its runs: the first with all that it needs.

    `m_top` is the number of rows above the middle. Each bus carries one current, and each column has one set of
    neurons, as on the published chip: a chip that has more may take other turns, mostly fewer.
    """
    taken: list[_Claims] = []
    turns = []
    for runs in tile_columns:
        claims = _claims(runs, m_top)
        turn = next((number for number, others in enumerate(taken) if not others & claims), len(taken))
        if turn == len(taken):
            taken.append(set())
        taken[turn] |= claims
        turns.append(turn)
    return turns


def _claims(runs: Sequence[Run], m_top: int) -> _Claims:
    """What a tile column needs: neurons, the bus of each half of a column, switches between halves, wires across.

    A run in another column leaves it in a half that the first run uses, its own where it can and the top before the
    bottom.
    """
    halves: dict[int, set[str]] = {}
    for column, row, height in runs:
        crossed = {TOP: row < m_top, BOTTOM: row + height > m_top}
        halves.setdefault(column, set()).update(half for half, so in crossed.items() if so)
    home = runs[0][0]
    exits = [half for half in (TOP, BOTTOM) if half in halves[home]]
    claims: _Claims = {("neurons", home)}
    for column, crossed_halves in halves.items():
        out = next((half for half in exits if half in crossed_halves), exits[0])
        claims.update(("column", column, half) for half in crossed_halves)
        claims.update(("across", out, at) for at in range(*sorted((column, home))))
        if crossed_halves != {out}:
            claims.add(("switch", column))
        if out != exits[0]:
            claims.add(("switch", home))
    return claims
