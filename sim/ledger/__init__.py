"""What a run took: report, power, occupancy, retention, and a trace priced anew."""
