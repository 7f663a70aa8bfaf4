"""Smoothing changes no function, and lets one scale do where channels differ in width."""

from __future__ import annotations

import re

import numpy as np
import pytest
from onnx import TensorProto

from npcbrain.errors import UsageError
from tools.distil.calibrate import calibrate
from tools.distil.check import GraphRunner, reference
from tools.distil.graph import Weights
from tools.distil.package import build_model
from tools.distil.parts import GraphParts
from tools.distil.quantise import SHIPPED, STATIC, enter, kernel_plan, step_name
from tools.make_tiny_model import TINY, tiny_tokenizer, tiny_weights

SEGMENTS = [(0, 1), (2, 3)]
IDS = np.random.RandomState(1).randint(0, TINY.vocab, 60).astype(np.int64)
SEQUENCES = np.random.RandomState(2).randint(0, TINY.vocab, (4, 80)).astype(np.int64)
EVERYWHERE = kernel_plan(TINY.layers, STATIC)
WIDE = 5  # a channel


def wide_weights() -> dict[str, np.ndarray]:
    """Norms that make one channel a hundred times as wide as the others, as trained models do."""
    weights = tiny_weights(TINY)
    for layer in range(TINY.layers):
        for norm, sides in (
            ("input_layernorm", ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]),
            ("post_attention_layernorm", ["mlp.gate_proj", "mlp.up_proj"]),
        ):
            weights[f"model.layers.{layer}.{norm}.weight"][WIDE] *= 100
            for side in sides:
                weights[f"model.layers.{layer}.{side}.weight"][:, WIDE] /= 100
    return weights


def off_by(weights: Weights, made: Weights) -> float:
    """How far an export is from the float32 model, as a share of it."""
    kernels = kernel_plan(TINY.layers, *SHIPPED)
    model = build_model("t", TINY, made, tiny_tokenizer(TINY.vocab), kernels, len(SEGMENTS))
    got, _ = GraphRunner(model).prefill(IDS, [len(IDS)])
    want, _ = reference(TINY, weights, IDS, SEGMENTS)
    return float(np.linalg.norm(got[0] - want[0]) / np.linalg.norm(want[0]))


def test_smoothed_weights_compute_what_they_did():
    weights = wide_weights()

    made = calibrate(TINY, weights, EVERYWHERE, SEQUENCES)

    after, logits = reference(TINY, made, IDS, SEGMENTS)
    want_after, want_logits = reference(TINY, weights, IDS, SEGMENTS)
    np.testing.assert_allclose(after, want_after, atol=1e-3)
    np.testing.assert_allclose(logits, want_logits, atol=1e-3)
    for group in ("self_attn.v_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj"):
        name = f"model.layers.1.{group}.weight"
        assert not np.allclose(made[name], weights[name]), f"{group} was not smoothed"


def test_every_static_matrix_gets_a_step_and_no_other():
    plan = kernel_plan(TINY.layers, *SHIPPED)

    made = calibrate(TINY, tiny_weights(TINY), plan, SEQUENCES)

    steps = {step_name(name) for name, kernel in plan.items() if kernel == STATIC}
    assert len(steps) == 3 * TINY.layers
    assert {name for name in made if name.endswith(".step")} == steps
    assert all(made[name].shape == () and made[name] > 0 for name in steps)


def test_weights_are_left_as_they_were():
    weights, want = wide_weights(), wide_weights()

    calibrate(TINY, weights, EVERYWHERE, SEQUENCES)

    assert weights.keys() == want.keys()
    assert all(np.array_equal(weights[name], want[name]) for name in want)


def test_a_wide_channel_does_not_coarsen_the_others():
    weights = wide_weights()
    made = calibrate(TINY, weights, kernel_plan(TINY.layers, *SHIPPED), SEQUENCES)
    unsmoothed = dict(weights)
    for layer in range(TINY.layers):
        for group in ("qkv", "o", "gate_up"):
            widest = 0.0

            def observe(name: str, x: np.ndarray, name_of: str = f"layers.{layer}.{group}") -> None:
                nonlocal widest
                if name == name_of:
                    widest = max(widest, float(np.abs(x).max()))

            for sequence in SEQUENCES:
                reference(TINY, weights, sequence, SEGMENTS, observe)
            unsmoothed[step_name(f"layers.{layer}.{group}")] = np.asarray(widest / 127, np.float32)

    assert off_by(weights, made) < 0.1
    assert off_by(weights, unsmoothed) > 0.3


def test_what_is_never_active_is_no_division_by_zero():
    weights = tiny_weights(TINY)
    for layer in range(TINY.layers):
        weights[f"model.layers.{layer}.self_attn.v_proj.weight"][:] = 0

    made = calibrate(TINY, weights, EVERYWHERE, SEQUENCES)

    assert all(np.isfinite(weight).all() for weight in made.values())


def test_a_matrix_without_its_step_is_refused():
    parts = GraphParts()
    parts.input("x", TensorProto.FLOAT, ("rows", 32))
    message = "layers.0.o.step must be known, got None - at enter(); calibrate first"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        enter(parts, "x", "layers.0.o", STATIC)
