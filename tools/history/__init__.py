"""When a pinned number moved, in which commit, and by which setting or instruction."""
