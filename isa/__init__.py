"""What a program is: the instruction table, the assembler and the container. Imports none of the other layers."""
