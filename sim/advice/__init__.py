"""What other settings of a chip would change of a run: one step each, measured beside what bounds it."""
