"""The commands of `acortex`: one thin file per command."""
