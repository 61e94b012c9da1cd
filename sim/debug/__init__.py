"""The debugger's session: a program at any cycle of its run, forwards and backwards. No printing."""
