"""What the resistance of wires leaves of the conductances of an array (IR drop).

An array is a grid: one wire per row brings the inputs, one wire per column takes the current, and a cell joins them at
each crossing. A row is driven by an ideal source at one end, a column ends in virtual ground at one end, and each
piece of wire from a cell to the next, as that from an end to the first cell, has a resistance:

    source -- row_ohm -- cell (0,0) -- row_ohm -- cell (0,1) …       columns: cell (0,0)
                                                                              column_ohm
                                                                              cell (1,0)
                                                                              column_ohm
                                                                              ground

Conductances and resistances may have any units whose product is a plain number: siemens and ohm, or levels and what
`per_level` makes of ohm. Conductances have shape (..., rows, columns); leading axes are arrays on their own.

Both cells of a weight see the same inputs. Two layouts are usual: in one array, as columns 2j and 2j + 1 of the same
rows, so that both feed on the same row wires (`to_crossbar` and `from_crossbar` of pairs.py); or in two arrays, each
with row wires of its own (the cells as they are).
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_Branches = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""Nodes at one end, nodes at the other, and the conductances between them."""

FIXED = -1
"""The number of a node whose voltage is that of a source or of ground."""

Sources = Literal["left", "right"]
"""The end of its row at which an input is driven."""
Grounds = Literal["below", "above"]
"""The end of its column that is held at virtual ground."""


class _Unknowns(NamedTuple):
    """Numbers of the nodes whose voltages are unknown; FIXED where a wire without resistance fixes the voltage."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    many: int


def per_level(ohm: float, full_scale_us: float, full_scale: float = 8.0) -> float:
    """The resistance of a piece of wire in units that fit conductances in levels: it is zero for zero ohm.

    `full_scale_us` is the conductance of a cell at `full_scale` levels, in microsiemens.
    """
    if not (ohm >= 0 and full_scale_us > 0 and full_scale > 0):
        raise ValueError(
            f"per_level: {ohm} ohm, {full_scale_us} uS and {full_scale} levels: "
            "a resistance is at least 0, a full scale above 0"
        )
    return ohm * full_scale_us * 1e-6 / full_scale


def effective(
    g: Array, row_ohm: float, column_ohm: float, *, driven: Sources = "left", ground: Grounds = "below"
) -> Array:
    """What an array with resistive wires multiplies its inputs with, in closed form: the shape and dtype of `g`.

    For inputs as voltages, of which zero is one like others: a cell whose input is zero conducts, too. The network is
    linear, so that this matrix holds for all inputs. Each cell becomes

        g / ((1 + row) (1 + column)),  row_ij = row_ohm sum_k (1 + min(j, k)) g_ik,
        column_ij = column_ohm sum_k (rows - max(i, k)) g_kj

    the drops of ideal currents along both wires, where 1 - drop is replaced by 1 / (1 + drop), which stays positive.
    A form of our own, judged against `exact` (docs/validation.md): it is wrong by 1 % of the drop where the largest
    drop is 7 %, and by 7 % of it where that is 44 %. The same on every machine. Raises ValueError.
    """
    _check("effective", g, row_ohm, column_ohm)
    turned = _turned(g, driven, ground)
    left: Array = turned / ((1 + float(row_ohm) * _row_drop(turned)) * (1 + float(column_ohm) * _column_drop(turned)))
    return _turned(left, driven, ground)


def gated(
    g: Array,
    on: Array,
    row_ohm: float,
    column_ohm: float,
    *,
    driven: Sources = "left",
    ground: Grounds = "below",
) -> Array:
    """The currents of columns where an input of zero switches its cells off, in the closed form of `effective`.

    `on` is bool, of shape (patterns, rows): which rows conduct, all at the same voltage. The drop depends on what is
    on, so that no matrix holds for all inputs; a row that is off loads neither its own wire nor that of a column. The
    result has shape (..., patterns, columns), the conductance that each column shows. The same on every machine.
    Raises ValueError.
    """
    _check("gated", g, row_ohm, column_ohm)
    if on.ndim != 2 or on.shape[1] != g.shape[-2] or on.dtype.kind != "b":
        raise ValueError(
            f"gated: patterns are bool, of shape (patterns, {g.shape[-2]}), not {on.dtype} of {on.shape}; "
            "inputs with codes are for timed"
        )
    turned = _turned(g, driven, ground)
    fed = turned / (1 + float(row_ohm) * _row_drop(turned))
    switches = on[:, :: -1 if ground == "above" else 1].astype(g.dtype)
    currents = np.empty((*g.shape[:-2], len(on), g.shape[-1]), g.dtype)
    for at, switch in enumerate(switches):
        drop = _column_drop(turned * switch[:, None])
        currents[..., at, :] = np.cumsum(fed * switch[:, None] / (1 + float(column_ohm) * drop), axis=-2)[..., -1, :]
    return currents[..., ::-1] if driven == "right" else currents


def together(codes: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Of the time in which row i of an array is on, the share in which row k is on as well: shape (rows, rows).

    Of inputs as times that all begin at once: sum min(x_i, x_k) / sum x_i over whole `codes` of shape (inputs, rows),
    which stand for those to come. The diagonal is 1, also of a row that is never on. Raises ValueError.
    """
    _check_codes("together", codes)
    both = np.stack([np.minimum(codes, codes[:, [row]]).sum(axis=0, dtype=np.int64) for row in range(codes.shape[1])])
    own = np.maximum(np.diagonal(both), 1)[:, None]
    share: NDArray[np.float64] = both / own
    np.fill_diagonal(share, 1)
    return share


def gated_mean(
    g: Array,
    share: NDArray[np.float64],
    row_ohm: float,
    column_ohm: float,
    *,
    driven: Sources = "left",
    ground: Grounds = "below",
) -> Array:
    """A matrix that stands for `gated` and `timed` in products of many inputs: the shape and dtype of `g`.

    Each cell meets the drop along its column that is there on average while its own row is on; `share` is that of
    `together`, of shape (rows, rows) and from 0 to 1. What is left out is how far one input is from the mean of all.
    Where all rows are on it is `effective`. The same on every machine. Raises ValueError.
    """
    _check("gated_mean", g, row_ohm, column_ohm)
    rows = g.shape[-2]
    least, most = (share.min(), share.max()) if share.size else (0, 0)
    if share.shape != (rows, rows) or not (least >= 0 and most <= 1):
        raise ValueError(
            f"gated_mean: shares of shape {share.shape} from {least} to {most}, not ({rows}, {rows}) from 0 to 1"
        )
    turned = _turned(g, driven, ground)
    ends = -1 if ground == "above" else 1
    pieces = rows - np.maximum.outer(np.arange(rows), np.arange(rows))
    loads = (share[::ends, ::ends] * pieces).astype(g.dtype)
    drop = np.zeros_like(turned)
    for row in range(rows):  # not a product of matrices, whose order of summation is that of the machine
        drop += loads[:, row, None] * turned[..., row, None, :]
    left: Array = turned / ((1 + float(row_ohm) * _row_drop(turned)) * (1 + float(column_ohm) * drop))
    return _turned(left, driven, ground)


def timed(
    g: Array,
    codes: NDArray[np.integer[Any]],
    row_ohm: float,
    column_ohm: float,
    *,
    driven: Sources = "left",
    ground: Grounds = "below",
) -> Array:
    """The sums of inputs that last as many steps as their code says: `gated` in each step, added up.

    `codes` are whole, from 0 on, of shape (inputs, rows): row i conducts in steps 1 to codes[i]. The result has shape
    (..., inputs, columns), in codes times the unit of `g`. Raises ValueError.
    """
    _check_codes("timed", codes)
    sums = np.zeros((*g.shape[:-2], len(codes), g.shape[-1]), g.dtype)
    for step in range(1, int(codes.max(initial=0)) + 1):
        sums += gated(g, codes >= step, row_ohm, column_ohm, driven=driven, ground=ground)
    return sums


def exact(
    g: Array, row_ohm: float, column_ohm: float, *, driven: Sources = "left", ground: Grounds = "below"
) -> NDArray[np.float64]:
    """What an array with resistive wires multiplies its inputs with, by Kirchhoff's laws at every node: float64.

    Shape and meaning are those of `effective`. One sparse factorisation per array, by SciPy.
    Its last digits depend on the machine: what must be the same everywhere is rounded to a grid afterwards.
    Raises ValueError, and ImportError without SciPy.
    """
    _check("exact", g, row_ohm, column_ohm)
    turned = _turned(g, driven, ground).astype(np.float64)
    planes = turned.reshape(-1, *g.shape[-2:])
    if row_ohm == 0 and column_ohm == 0:
        solved = planes
    else:
        solved = np.stack([_solve(plane, row_ohm, column_ohm) for plane in planes]) if len(planes) else planes
    return _turned(solved.reshape(g.shape), driven, ground)


def _check(what: str, g: Array, row_ohm: float, column_ohm: float) -> None:
    """Refuses what is not the conductances of arrays, and resistances below zero."""
    for name, ohm in (("row_ohm", row_ohm), ("column_ohm", column_ohm)):
        if not 0 <= ohm < float("inf"):
            raise ValueError(f"{what}: {name} is {ohm}, not a resistance of at least 0")
    if g.ndim < 2 or g.dtype.kind != "f":
        raise ValueError(f"{what}: conductances are floats of shape (..., rows, columns), not {g.dtype} of {g.shape}")
    if g.size and not (g.min() >= 0 and g.max() < np.inf):
        raise ValueError(
            f"{what}: conductances reach from {g.min()} to {g.max()}: they are finite and not below 0; "
            "a signed weight is a pair of cells"
        )


def _check_codes(what: str, codes: NDArray[np.integer[Any]]) -> None:
    """Refuses what is not times of rows in whole steps."""
    if codes.ndim != 2 or codes.dtype.kind not in "iu" or codes.min(initial=0) < 0:
        raise ValueError(
            f"{what}: codes are whole, of shape (inputs, rows) and not below 0, not {codes.dtype} of {codes.shape} "
            f"from {codes.min(initial=0)}"
        )


def _turned(g: Array, driven: Sources, ground: Grounds) -> Array:
    """The array as if driven at the left and grounded below; its own inverse."""
    if driven not in ("left", "right") or ground not in ("below", "above"):
        raise ValueError(
            f'rows are driven "left" or "right", columns end "below" or "above": not {driven!r}, {ground!r}'
        )
    return g[..., :: -1 if ground == "above" else 1, :: -1 if driven == "right" else 1]


def _row_drop(g: Array) -> Array:
    """sum_k (1 + min(j, k)) g_ik: over each piece of wire up to the cell, what flows on to cells from there."""
    onward = np.cumsum(g[..., ::-1], axis=-1)[..., ::-1]
    drop: Array = np.cumsum(onward, axis=-1)
    return drop


def _column_drop(g: Array) -> Array:
    """sum_k (rows - max(i, k)) g_kj: over each piece of wire down to ground, what has flowed in above it."""
    collected = np.cumsum(g, axis=-2)
    return np.cumsum(collected[..., ::-1, :], axis=-2)[..., ::-1, :]


def _solve(g: NDArray[np.float64], row_ohm: float, column_ohm: float) -> NDArray[np.float64]:
    """The exact matrix of one array that is driven at the left and grounded below.

    Kirchhoff's law of currents at each node whose voltage is unknown, once for 1 V at each row. A wire without
    resistance has no such nodes: its voltage is that of its end.
    """
    rows, columns = g.shape
    nodes = _unknowns(rows, columns, row_ohm, column_ohm)
    branches, given = _branches(g, nodes, row_ohm, column_ohm)
    values, at, to = _stamps(branches)
    law = _scipy("sparse").coo_matrix((values, (at, to)), shape=(nodes.many, nodes.many))
    volts = np.asarray(_scipy("sparse.linalg").splu(law.tocsc()).solve(given))
    if column_ohm > 0:
        out: NDArray[np.float64] = volts[nodes.columns[-1]].T / column_ohm
        return out
    # Without resistance in the columns each row stands alone: its cells see its own voltage.
    own = volts.reshape(rows, columns, rows)[np.arange(rows), :, np.arange(rows)]
    met: NDArray[np.float64] = g * own
    return met


def _unknowns(rows: int, columns: int, row_ohm: float, column_ohm: float) -> _Unknowns:
    grid = np.arange(rows * columns).reshape(rows, columns)
    fixed = np.full_like(grid, FIXED)
    if column_ohm == 0:
        return _Unknowns(grid, fixed, grid.size)
    if row_ohm == 0:
        return _Unknowns(fixed, grid, grid.size)
    return _Unknowns(grid, grid + grid.size, 2 * grid.size)


def _branches(
    g: NDArray[np.float64], nodes: _Unknowns, row_ohm: float, column_ohm: float
) -> tuple[list[_Branches], NDArray[np.float64]]:
    """Cells and pieces of wire, and the currents that 1 V at each row brings into the unknown nodes."""
    rows, columns = g.shape
    given = np.zeros((nodes.many, rows))
    branches: list[_Branches] = [(nodes.rows, nodes.columns, g)]
    if row_ohm > 0:
        before = np.concatenate([np.full((rows, 1), FIXED), nodes.rows[:, :-1]], axis=1)
        branches.append((nodes.rows, before, np.full(g.shape, 1 / row_ohm)))
        given[nodes.rows[:, 0], np.arange(rows)] = 1 / row_ohm
    else:
        given[nodes.columns, np.arange(rows)[:, None]] = g
    if column_ohm > 0:
        after = np.concatenate([nodes.columns[1:], np.full((1, columns), FIXED)])
        branches.append((nodes.columns, after, np.full(g.shape, 1 / column_ohm)))
    return branches, given


def _scipy(name: str) -> ModuleType:
    """A module of SciPy, which is optional."""
    try:
        return import_module(f"scipy.{name}")
    except ImportError:
        raise ImportError('the exact IR drop of an array needs SciPy: pip install "acortex[analog]"') from None


def _stamps(branches: list[_Branches]) -> tuple[Array, Array, Array]:
    """What branches between two nodes add to the matrix: on its diagonal, and between nodes that are both unknown."""
    values, at, to = [], [], []
    for one, other, conductance in branches:
        for node, beyond in ((one.ravel(), other.ravel()), (other.ravel(), one.ravel())):
            known = node != FIXED
            values.append(conductance.ravel()[known])
            at.append(node[known])
            to.append(node[known])
            both = known & (beyond != FIXED)
            values.append(-conductance.ravel()[both])
            at.append(node[both])
            to.append(beyond[both])
    return np.concatenate(values), np.concatenate(at), np.concatenate(to)
