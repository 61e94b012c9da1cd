"""A trace, or two, or a sweep, as one HTML page that needs nothing else: its data, its pictures, its templates and scripts."""
