"""The file format of a trace: schema, columns, blocks, writer, reader."""
