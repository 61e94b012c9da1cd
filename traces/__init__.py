"""What a run leaves behind: the columnar trace, its reader, and what is computed from it. Imports no other layer."""
