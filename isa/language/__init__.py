"""The diagnostics of the language, as rows with codes: what a source text or a container can get wrong."""
