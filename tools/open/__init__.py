"""From what a user names to what it is: programs, networks, chips and arrays."""
