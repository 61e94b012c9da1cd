"""A trace, two or a sweep as one HTML page that needs nothing else: its data, pictures, templates and scripts."""
