"""`python -m acortex` is the command `acortex`."""

from acortex.tools.cli import main

main()
