"""Between arrays in the form of a network's tensors and images of its maps, in floating point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.steps import FloatGraph, FloatPort

Array = NDArray[Any]


def as_images(graph: FloatGraph, given: Mapping[str, Array]) -> dict[str, Array]:
    """Inputs that are given in the user's form, by name, as images by map: float32 of shape (inferences, rows, columns,
    channels).
    """
    inputs = (one for one in graph.inputs if not one.host and one.name in given)
    return {one.map: image_of(graph, one, given[one.name]) for one in inputs}


def image_of(graph: FloatGraph, port: FloatPort, given: Array) -> Array:
    """The image of an input, of shape (inferences, rows, columns, channels), from its numbers in any of its forms."""
    array = np.asarray(given)
    canonical = array.reshape(len(array), *port.canonical).astype(np.float32)
    size = graph.maps[port.map].size
    return canonical.transpose(0, *(axis + 1 for axis in port.axes)).reshape(len(array), *size)


def from_image(port: FloatPort, image: Array) -> Array:
    """The numbers of an output in the model's shape behind an axis of inferences, from its image."""
    lying = image.reshape(len(image), *(port.canonical[axis] for axis in port.axes))
    back = lying.transpose(0, *(int(axis) + 1 for axis in np.argsort(port.axes)))
    return back.reshape(len(image), *port.shape)
