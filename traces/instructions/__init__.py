"""A run as its instructions: when each was issued, what it waited for and who ended that, and what bounds a loop."""
