"""ONNX Runtime sessions of a model's graphs, checked against its manifest.

It loads and checks; it runs nothing. Floor 1. Invariant: a ``Sessions`` that exists has graphs with
exactly the inputs and outputs, types and widths of DESIGN.md, "The model on disk".
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from npcbrain.errors import ModelError, UsageError, fault
from npcbrain.lm.package import ModelPackage

__all__ = ["Sessions", "load_sessions"]

CPU = "CPUExecutionProvider"
FLOAT, INT32, INT64 = "tensor(float)", "tensor(int32)", "tensor(int64)"

Spec = dict[str, tuple[str, tuple[int | None, ...]]]  # name: type and widths, None if it varies


@dataclass(frozen=True, slots=True)
class Sessions:
    """The loaded graphs.

    Attributes:
        segments: One ``InferenceSession`` each, in order.
        head: The head's.
        providers: What ONNX Runtime really uses, best first.
    """

    segments: tuple[Any, ...]
    head: Any
    providers: tuple[str, ...]


def load_sessions(
    package: ModelPackage, providers: str | Sequence[str] = "auto", threads: int = 1
) -> Sessions:
    """Loads all graphs (about 0.2 s for 25 MB).

    Args:
        package: The model.
        providers: ``"cpu"``; ``"auto"``, which is the CPU too, because the keys and values live in
            host memory and the GPU has the game to draw; or names of ONNX Runtime providers.
            Schedule invariance is promised for the CPU only.
        threads: Of one step. The default adds no thread to the game and is the most predictable.

    Raises:
        UsageError: A provider is not available, or ``threads`` is out of range.
        ModelError: A graph does not load, or has other inputs or outputs than it should.
    """
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= 64:
        raise UsageError(fault("threads", "be an integer of 1 to 64", threads, "Model.load()"))
    # The official wheels send telemetry unless told otherwise before their import.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime as ort

    wanted = _provider_names(providers, ort.get_available_providers())
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; warnings would print into the game's terminal
    # Idle pool threads would otherwise spin for a while after each step, on the game's cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")

    def load(name: str, inputs: Spec, outputs: Spec) -> Any:
        where = str(package.path / name)
        try:
            # From memory: a graph read by path may pull in other files by name.
            session = ort.InferenceSession(package.read(name), options, providers=wanted)
        except ModelError:
            raise
        except Exception as error:  # ONNX Runtime's exceptions share no base
            raise ModelError(fault("graph", "load", str(error), where)) from error
        missing = [name for name in wanted if name not in session.get_providers()]
        if missing:  # a provider whose libraries are absent falls back without an exception
            raise UsageError(
                fault("provider", "start", missing[0], "Model.load()", 'pass providers="cpu"')
            )
        _check_ports("inputs", session.get_inputs(), inputs, where)
        _check_ports("outputs", session.get_outputs(), outputs, where)
        return session

    config = package.config
    segments = tuple(
        load(name, *_segment_spec(package, layers)) for name, layers in package.segments
    )
    head = load(
        package.head,
        {"hidden_in": (FLOAT, (None, config.hidden))},
        {"logits": (FLOAT, (None, config.vocab))},
    )
    return Sessions(segments, head, tuple(head.get_providers()))


def _segment_spec(package: ModelPackage, layers: Sequence[int]) -> tuple[Spec, Spec]:
    config = package.config
    hidden = (FLOAT, (None, None, config.hidden))
    cache = (FLOAT, (None, config.kv_heads, None, config.head_dim))
    inputs: Spec = {"seqlens_k": (INT32, (None,)), "total_sequence_length": (INT32, ())}
    outputs: Spec = {"hidden": hidden}
    if layers[0] == 0:
        inputs["input_ids"] = (INT64, (None, None))
    else:
        inputs["hidden_in"] = hidden
    for layer in layers:
        for side in ("key", "value"):
            inputs[f"past_key_values.{layer}.{side}"] = cache
            outputs[f"present.{layer}.{side}"] = cache
    return inputs, outputs


def _check_ports(kind: str, ports: Sequence[Any], spec: Spec, where: str) -> None:
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


def _provider_names(providers: str | Sequence[str], available: Sequence[str]) -> list[str]:
    if providers in ("auto", "cpu"):
        return [CPU]
    if isinstance(providers, str) or not providers:
        raise UsageError(
            fault("providers", 'be "auto", "cpu" or a list of names', providers, "Model.load()")
        )
    for name in providers:
        if name not in available:
            raise UsageError(
                fault("provider", f"be one of {', '.join(available)}", name, "Model.load()")
            )
    return [*providers] if CPU in providers else [*providers, CPU]
