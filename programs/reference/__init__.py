"""The quantised network as ONNX: what the ideal chip equals bit for bit."""
