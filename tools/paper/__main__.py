"""`python -m acortex.tools.paper FOLDER` writes the pages and pictures of docs/ that hold numbers of runs."""

from __future__ import annotations

import sys

from acortex.errors import AcortexError
from acortex.tools.paper.pages import main

if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except AcortexError as failure:
        print(failure, file=sys.stderr)
        sys.exit(failure.exit_code)
