"""What is legal in a program and hardly meant: results that nothing reads, tokens that nobody awaits, idle loops."""
