"""Many runs from one file: the points of a sweep, workers that run them, and what the runs say together."""
