"""Checks a graph's file before ONNX Runtime loads it.

A model may come from a mod, and a manifest vouches for its bytes, not for its intentions: a
``Loop`` may never end, and "external data" would be other files of the player's. So a graph may
only be a plain list of operators that compute, each run once. Invariant: ``check_graph`` reads
every node, tensor and nested message that ONNX Runtime's reader would, and refuses unknown ones.

It reads the file's wire format (protocol buffers) itself: a few messages of nested fields, each a
number and a value. Weights are skipped by their length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from npcbrain.errors import ModelError, fault

__all__ = ["OPERATORS", "check_graph"]

MAX_FIELDS = 500_000  # of all messages; usual: 500
MAX_NODES = 10_000  # of a graph; usual: 20

# Each runs once and ends. Operators that make much of little, such as Expand or Tile, are left out.
OPERATORS = {
    "": frozenset(
        "Abs Add BitShift BitwiseAnd Cast Clip Concat Constant Div DequantizeLinear "
        "DynamicQuantizeLinear Erf Floor Gather Gelu Identity LayerNormalization MatMul "
        "MatMulInteger Max Min Mul Neg Pow QuantizeLinear RMSNormalization ReduceMax ReduceMean "
        "ReduceSum Reshape Round Sigmoid SimplifiedLayerNormalization Slice Softmax Split Sqrt "
        "Squeeze Sub Tanh Transpose Unsqueeze Where".split()
    ),
    "com.microsoft": frozenset(
        "BiasGelu FastGelu Gelu GroupQueryAttention MatMulIntegerToFloat MatMulNBits "
        "MultiHeadAttention QuickGelu RotaryEmbedding SimplifiedLayerNormalization "
        "SkipLayerNormalization SkipSimplifiedLayerNormalization".split()
    ),
}
ADVICE = "use a model made by npcbrain import-model"

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
# The numbers of fields in onnx.proto.
GRAPH, TRAINING, FUNCTIONS = 7, 20, 25  # of a model
NODE, INITIALIZER, SPARSE_INITIALIZER = 1, 5, 15  # of a graph
OP_TYPE, ATTRIBUTE, DOMAIN = 4, 5, 7  # of a node
TENSOR, SUBGRAPH, TENSORS, SUBGRAPHS, SPARSE, SPARSES = 5, 6, 10, 11, 22, 23  # of an attribute
EXTERNAL_DATA, DATA_LOCATION = 13, 14  # of a tensor


class Field(NamedTuple):
    """One field of a message: a number, or a piece of the file."""

    number: int
    value: int
    start: int
    end: int


def check_graph(content: bytes, where: str) -> None:
    """Raises a ``ModelError`` if a graph is more than a list of operators and weights.

    Args:
        content: The file.
        where: Its path, for messages.
    """
    try:
        _Reader(content, where).check()
    except (IndexError, ValueError) as error:  # a message that ends in the middle of a field
        rule, advice = "be an ONNX file", "install the model again"
        raise ModelError(fault("graph", rule, str(error), where, advice)) from None


class _Reader:
    def __init__(self, content: bytes, where: str) -> None:
        self._content = content
        self._where = where
        self._num_fields = self._num_nodes = 0

    def check(self) -> None:
        num_graphs = 0
        for field in self._fields(0, len(self._content)):
            if field.number == GRAPH:
                num_graphs += 1
                self._check_graph(field)
            elif field.number in (TRAINING, FUNCTIONS):
                self._refuse("graph", "have no functions of its own", "one that has")
        if not num_graphs:
            raise ValueError("a file without a graph")

    def _check_graph(self, graph: Field) -> None:
        for field in self._fields(graph.start, graph.end):
            if field.number == NODE:
                self._check_node(field)
            elif field.number == INITIALIZER:
                self._check_tensor(field)
            elif field.number == SPARSE_INITIALIZER:
                self._refuse("weights", "not be sparse", "some that are")

    def _check_node(self, node: Field) -> None:
        names, domains = [], [b""]  # of a field that is there twice, the last one counts
        for field in self._fields(node.start, node.end):
            if field.number == OP_TYPE:
                names.append(self._content[field.start : field.end])
            elif field.number == DOMAIN:
                domains.append(self._content[field.start : field.end])
            elif field.number == ATTRIBUTE:
                self._check_attribute(field)
        name, domain = (names or [b""])[-1].decode("utf-8", "replace"), domains[-1].decode("latin1")
        if name not in OPERATORS.get("" if domain == "ai.onnx" else domain, ()):
            shown = f"{domain}.{name}" if domain else name
            self._refuse("operator of a graph", "be one that computes and ends", shown)
        self._num_nodes += 1
        if self._num_nodes > MAX_NODES:
            self._refuse("graph", f"have at most {MAX_NODES} nodes", "more")

    def _check_attribute(self, attribute: Field) -> None:
        for field in self._fields(attribute.start, attribute.end):
            if field.number in (TENSOR, TENSORS):
                self._check_tensor(field)
            elif field.number in (SUBGRAPH, SUBGRAPHS):
                self._refuse("graph", "hold no graph inside", "one that does")
            elif field.number in (SPARSE, SPARSES):
                self._refuse("weights", "not be sparse", "some that are")

    def _check_tensor(self, tensor: Field) -> None:
        for field in self._fields(tensor.start, tensor.end):
            if field.number == EXTERNAL_DATA or (field.number == DATA_LOCATION and field.value):
                self._refuse("weights", "be in the graph's own file", "external data")

    def _refuse(self, what: str, rule: str, got: str) -> None:
        raise ModelError(fault(what, rule, got, self._where, ADVICE))

    def _fields(self, start: int, end: int) -> Iterator[Field]:
        """The fields of the message between two places of the file."""
        content, at = self._content, start
        while at < end:
            self._num_fields += 1
            if self._num_fields > MAX_FIELDS:
                raise ValueError(f"more than {MAX_FIELDS} fields")
            tag, at = self._varint(at)
            number, kind = tag >> 3, tag & 7
            value = 0
            first = at
            if kind == VARINT:
                value, at = self._varint(at)
            elif kind == LENGTH:
                size, first = self._varint(at)
                at = first + size
            elif kind in (EIGHT_BYTES, FOUR_BYTES):
                at += 8 if kind == EIGHT_BYTES else 4
            else:
                raise ValueError(f"a field of the wire type {kind}")
            if at > end:
                raise ValueError(f"a field that ends at byte {at} of {min(end, len(content))}")
            yield Field(number, value, first, at)

    def _varint(self, at: int) -> tuple[int, int]:
        """A number of up to ten bytes, and where it ends."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self._content[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
        raise ValueError("a number of more than ten bytes")
