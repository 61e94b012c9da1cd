"""The demonstrators of the source paper's figures: each simulated, its numbers beside the printed ones, and drawn."""
