"""What editors know of the language: the lexer of Pygments, the language server, and the grammar of VS Code."""
