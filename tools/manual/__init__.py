"""Pages of the manual that are made of the tables they describe: `make pages` writes them into docs/reference/."""
