"""What the chip makes of each operator of a network: the registry, and one file per family."""
