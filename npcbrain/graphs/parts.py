"""The nodes and constants of one ONNX graph while it is being put together.

It knows nothing of models and kernels; ``quantise``, ``sublayers`` and ``decoder`` fill it.
Invariant: the same calls give the same bytes, in any process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["CONTRIB", "GraphParts"]

CONTRIB = "com.microsoft"  # ONNX Runtime's own operators
OPSET = 21
IR_VERSION = 10  # came with opset 21; older runtimes cannot read a higher one

Shape = Sequence[int | str]


@dataclass(slots=True)
class GraphParts:
    """Collects the parts of a graph in order; values are known by name."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    outputs: list[onnx.ValueInfoProto] = field(default_factory=list)

    def input(self, name: str, dtype: int, shape: Shape) -> str:
        """Declares an input of the graph; ``dtype`` is a ``TensorProto`` type."""
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, name: str, shape: Shape) -> str:
        """Declares a float32 output of the graph."""
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def constant(self, name: str, value: np.ndarray) -> str:
        """Adds a constant, once: a name seen before must stand for the same value."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(
        self,
        op: str,
        inputs: Sequence[str],
        output: str | Sequence[str],
        attributes: Mapping[str, int | float | str] | None = None,
        domain: str = "",
    ) -> str:
        """Adds a node; an empty name stands for an optional input or output left out.

        Returns:
            The name of its first output.
        """
        outputs = [output] if isinstance(output, str) else list(output)
        made = helper.make_node(op, inputs, outputs, name=outputs[0], domain=domain)
        for key, value in sorted((attributes or {}).items()):
            made.attribute.append(helper.make_attribute(key, value))
        self.nodes.append(made)
        return outputs[0]

    def model(self, name: str) -> bytes:
        """The finished graph, serialised."""
        graph = helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, initializer=list(self.constants.values())
        )
        made = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)],
            ir_version=IR_VERSION,
            producer_name="npcbrain",
        )
        content: bytes = made.SerializeToString(deterministic=True)
        return content
