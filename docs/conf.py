"""How Sphinx builds the manual out of docs/: `make docs`. Nothing is fetched, and a warning is an error."""

from __future__ import annotations

from sphinx.application import Sphinx

from acortex import __version__
from acortex.tools.editor.pygments_lexer import AcortexLexer

project = "aCortex"
author = "the aCortex authors"
copyright = "the aCortex authors, Apache-2.0"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = False

# Markdown as the pages use it: links to headings.
myst_heading_anchors = 4

# A block without a language is what a terminal shows.
highlight_language = "text"
default_role = "code"  # docstrings write code in single backticks
pygments_style = "friendly"
pygments_dark_style = "monokai"

html_theme = "furo"
html_title = f"aCortex {__version__}"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["wide.css"]


def setup(app: Sphinx) -> None:
    """Gives blocks of assembly their colours."""
    for language in ("acortex", "asm"):
        app.add_lexer(language, AcortexLexer)
