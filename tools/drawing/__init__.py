"""Pictures of programs, chips and runs: plain shapes on a page, written as SVG or PNG, the same bytes each time."""
