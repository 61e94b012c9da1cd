"""A trace, or two, as one HTML page that needs nothing else: its data, its pictures, its templates and scripts."""
