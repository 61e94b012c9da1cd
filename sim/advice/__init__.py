"""What other settings of a chip and other orders of a program would change of a run: each is measured."""
