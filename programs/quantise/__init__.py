"""From floats to codes: calibration, ranges, and the levels of weights and activations."""
