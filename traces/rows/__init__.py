"""A trace as rows: in the order of time, by unit, and of what is in flight."""
