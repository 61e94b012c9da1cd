"""From passes to the text of a program and its arrays."""
