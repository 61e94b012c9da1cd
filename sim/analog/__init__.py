"""Analog errors as pure functions on arrays: cells, their programming and faults, wires, reading, converters."""
