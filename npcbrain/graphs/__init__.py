"""Graphs of decoders: what the training of hearth and the import of other models both build.

Needs the ``onnx`` package, which no game needs: nothing that runs a model imports this.
"""
