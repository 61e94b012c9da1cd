"""What a chip is: its settings and files, clock, areas, prices, buses, groups of arrays, floor plan."""
