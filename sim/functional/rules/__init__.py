"""The rules that hold a program to a chip without time: rows with codes, by what they are about."""
