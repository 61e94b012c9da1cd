"""The source paper's figures and what they raise: tables, studies and pages of docs/, all of simulated runs.

`acortex reproduce` prints Fig. 7b; `python -m acortex.tools.paper docs` writes the pages (`make reproduce`).
"""
