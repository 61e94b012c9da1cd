"""Programs, and what writes them. Imports isa only."""
