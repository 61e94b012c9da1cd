"""A run in a notebook: its numbers, as pieces of HTML and as pictures of matplotlib."""
