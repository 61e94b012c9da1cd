"""Networks as users write or bring them: the builder, and what an ONNX file is read into."""
