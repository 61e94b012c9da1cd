"""The chip: specs, components, and the two executors (timed and functional). Imports isa and traces."""
