"""ONNX Runtime sessions of a model's graphs, checked against its manifest.

It loads and checks; it runs nothing. Invariant: the graphs of a ``Sessions`` have exactly the
inputs, outputs, types and widths that DESIGN.md gives under "The model on disk".
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from npcbrain.errors import ModelError, UsageError, fault
from npcbrain.lm.graph_file import check_graph
from npcbrain.lm.package import ModelPackage
from npcbrain.lm.providers import asked_for, choose, to_try

__all__ = [
    "Sessions",
    "check_ports",
    "check_threads",
    "import_runtime",
    "open_session",
    "session_options",
    "session_steps",
]

MAX_THREADS = 64

FLOAT, INT32, INT64 = "tensor(float)", "tensor(int32)", "tensor(int64)"

Spec = dict[str, tuple[str, tuple[int | None, ...]]]  # by name; a width of None varies


@dataclass(frozen=True, slots=True)
class Sessions:
    """The loaded graphs.

    Attributes:
        segments: One ``InferenceSession`` for each segment, in order.
        heads: The session of the head, or one for each of its parts, in order.
        providers: The providers that ONNX Runtime really uses, best first.
        reason: Why it uses these.
        threads: Threads of one step.
        runtime: ONNX Runtime's version; with another one, times and rounding may differ.
    """

    segments: tuple[Any, ...]
    heads: tuple[Any, ...]
    providers: tuple[str, ...]
    reason: str
    threads: int
    runtime: str


def session_steps(
    package: ModelPackage, providers: str | Sequence[str] = "auto", threads: int = 1
) -> Generator[str, None, Sessions]:
    """Loads all graphs (about 0.2 s for 47 MB), pausing before each; yields the file's name.

    A session cannot be made in pieces: one of 4 MB takes some 10 ms. ONNX Runtime releases the
    interpreter meanwhile, so that other threads run.

    Args:
        package: The model.
        providers: ``"auto"``, see ``npcbrain.lm.providers``; ``"cpu"``; or names of ONNX Runtime
            providers. Schedule invariance is promised for the CPU only.
        threads: Threads of one step. With 1 no thread is added to the game; it is also the most
            predictable.

    Raises:
        UsageError: A provider is not available, or ``threads`` is out of range.
        ModelError: A graph does not load, or has other inputs or outputs than it should.
    """
    check_threads(threads)
    ort = import_runtime()
    available = ort.get_available_providers()
    choice = asked_for(providers, available)
    if choice is None:
        error = ""
        for name in to_try(package.providers, available):
            try:
                graphs = yield from _graphs(ort, package, (name,), threads, alone=True)
            except (ModelError, UsageError) as refused:
                error = str(refused)
                continue
            choice = choose(package.providers, available, graphs[-1].get_providers(), error)
            return _sessions(ort, package, graphs, choice.reason, threads)
        choice = choose(package.providers, available, (), error)
    graphs = yield from _graphs(ort, package, choice.providers, threads)
    return _sessions(ort, package, graphs, choice.reason, threads)


def check_threads(threads: object) -> None:
    """Raises a UsageError unless ``threads`` is a possible number of threads."""
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= MAX_THREADS:
        rule = f"be an integer of 1 to {MAX_THREADS}"
        raise UsageError(fault("threads", rule, threads, "Model.load()"))


def import_runtime() -> ModuleType:
    """ONNX Runtime; the first import takes about 0.1 s and holds the interpreter for half of it."""
    # The official wheels send telemetry unless this is set before they are imported.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    module: ModuleType = onnxruntime
    return module


def _sessions(
    ort: ModuleType, package: ModelPackage, graphs: Sequence[Any], reason: str, threads: int
) -> Sessions:
    num_segments = len(package.segments)
    segments, heads = tuple(graphs[:num_segments]), tuple(graphs[num_segments:])
    widths = [head.get_outputs()[0].shape[1] for head in heads]
    if any(not isinstance(width, int) for width in widths) or sum(widths) != package.config.vocab:
        rule = f"have {package.config.vocab} logits together"
        raise ModelError(fault("heads", rule, widths, str(package.path)))
    names = tuple(heads[0].get_providers())
    return Sessions(segments, heads, names, reason, threads, str(ort.__version__))


def _graphs(
    ort: ModuleType,
    package: ModelPackage,
    providers: tuple[str, ...],
    threads: int,
    *,
    alone: bool = False,
) -> Generator[str, None, tuple[Any, ...]]:
    """Sessions of the segments and, last, of the head or its parts.

    Args:
        ort: ONNX Runtime.
        package: The model.
        providers: Best first.
        threads: Of one step.
        alone: Whether to refuse a graph that needs any other provider, even the processor.
    """
    options = session_options(ort, threads)
    if alone:
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    config = package.config
    specs = [
        (name, *_segment_spec(package, layers, is_first=not index))
        for index, (name, layers) in enumerate(package.segments)
    ]
    hidden: Spec = {"hidden_in": (FLOAT, (None, config.hidden))}
    vocab = config.vocab if len(package.heads) == 1 else None
    specs += [(name, hidden, {"logits": (FLOAT, (None, vocab))}) for name in package.heads]
    sessions = []
    for name, inputs, outputs in specs:
        yield name
        where = str(package.path / name)
        session = open_session(ort, package, name, options, providers)
        missing = [name for name in providers if name not in session.get_providers()]
        if missing:  # ONNX Runtime falls back silently when a provider's libraries are absent
            raise UsageError(
                fault("provider", "start", missing[0], "Model.load()", 'pass providers="cpu"')
            )
        check_ports("inputs", session.get_inputs(), inputs, where)
        check_ports("outputs", session.get_outputs(), outputs, where)
        sessions.append(session)
    return tuple(sessions)


def session_options(ort: ModuleType, threads: int) -> Any:
    """The options with which every graph is run."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.load_model_format", "ONNX")  # the checked one
    options.log_severity_level = 3  # errors; warnings would print into the game's terminal
    # Otherwise idle pool threads spin for a while after each step, on the game's cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def open_session(
    ort: ModuleType, package: ModelPackage, name: str, options: Any, providers: Sequence[str]
) -> Any:
    """One graph, checked and loaded.

    Raises:
        ModelError: The file was altered, holds more than operators and weights, or does not load.
    """
    content, where = package.read(name), str(package.path / name)
    check_graph(content, where)
    try:
        # From memory: a graph read by path may pull in other files by name.
        return ort.InferenceSession(content, options, providers=[*providers])
    except Exception as error:  # ONNX Runtime's exceptions share no base
        raise ModelError(fault("graph", "load", str(error), where)) from error


def _segment_spec(
    package: ModelPackage, layers: Sequence[int], *, is_first: bool
) -> tuple[Spec, Spec]:
    config = package.config
    hidden = (FLOAT, (None, None, config.hidden))
    cache = (FLOAT, (None, config.kv_heads, None, config.head_dim))
    inputs: Spec = {"seqlens_k": (INT32, (None,)), "total_sequence_length": (INT32, ())}
    outputs: Spec = {"hidden": hidden}
    if is_first:
        inputs["input_ids"] = (INT64, (None, None))
    else:
        inputs["hidden_in"] = hidden
    for layer in layers:
        for side in ("key", "value"):
            inputs[f"past_key_values.{layer}.{side}"] = cache
            outputs[f"present.{layer}.{side}"] = cache
    return inputs, outputs


def check_ports(kind: str, ports: Sequence[Any], spec: Spec, where: str) -> None:
    names = sorted(port.name for port in ports)
    if names != sorted(spec):
        odd = sorted(set(names) ^ set(spec))
        raise ModelError(fault(f"graph's {kind}", f"be {len(spec)} of known names", odd, where))
    for port in ports:
        kind_of, widths = spec[port.name]
        if port.type != kind_of:
            raise ModelError(fault(f"{port.name!r}", f"be {kind_of}", port.type, where))
        shape = tuple(port.shape)
        if len(shape) != len(widths) or any(
            width is not None and axis != width for axis, width in zip(shape, widths, strict=True)
        ):
            raise ModelError(fault(f"{port.name!r}", f"have shape {widths}", shape, where))
