"""When a number moved, in which commit or on which chip file, and by which setting or instruction."""
