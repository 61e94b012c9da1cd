"""Traces in the formats of other tools: the registry, and one file per format."""
