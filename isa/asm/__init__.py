"""The assembler and the disassembler: from a source text to a Program, with diagnostics, and back."""
