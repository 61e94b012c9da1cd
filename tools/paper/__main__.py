"""`python -m acortex.tools.paper FOLDER` writes the pages and pictures of docs/ that hold numbers of runs."""

from __future__ import annotations

import sys

from acortex.errors import run_as_script
from acortex.tools.paper.pages import main

if __name__ == "__main__":
    run_as_script(main, *sys.argv[1:])
