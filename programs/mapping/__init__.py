"""From a layer graph to passes on the chip: fusion, placement, memory and schedule."""
