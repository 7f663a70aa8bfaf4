"""Smoothing changes no function, and lets one scale do where channels differ in width."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from npcbrain.errors import UsageError
from npcbrain.graphs.decoder import Weights
from npcbrain.graphs.parts import GraphParts
from npcbrain.graphs.quantise import SHIPPED_KERNELS, STATIC, enter, kernel_plan, step_name
from tools.distil.calibrate import calibrate
from tools.distil.check import GraphRunner, reference
from tools.distil.package import build_model
from tools.make_tiny_model import TINY, tiny_tokenizer, tiny_weights

SEGMENTS = [(0, 1), (2, 3)]
IDS = np.random.RandomState(1).randint(0, TINY.vocab, 60).astype(np.int64)
SEQUENCES = np.random.RandomState(2).randint(0, TINY.vocab, (4, 80)).astype(np.int64)
EVERYWHERE = kernel_plan(TINY.layers, STATIC)
WIDE = 5  # a channel
GROUPS = (
    *(f"self_attn.{side}_proj" for side in "qkvo"),
    *(f"mlp.{side}_proj" for side in ("gate", "up", "down")),
    "input_layernorm",
    "post_attention_layernorm",
)
HEARTH = Path(__file__).parents[2] / "models" / "hearth"


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
    kernels = kernel_plan(TINY.layers, *SHIPPED_KERNELS)
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
    for group in GROUPS:
        name = f"model.layers.1.{group}.weight"
        assert not np.allclose(made[name], weights[name]), f"{group} was not smoothed"


def test_every_static_matrix_gets_a_step_and_no_other():
    plan = kernel_plan(TINY.layers, *SHIPPED_KERNELS)

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
    made = calibrate(TINY, weights, kernel_plan(TINY.layers, *SHIPPED_KERNELS), SEQUENCES)
    widest = dict.fromkeys(EVERYWHERE, 0.0)

    def observe(name: str, x: np.ndarray) -> None:
        widest[name] = max(widest[name], float(np.abs(x).max()))

    for sequence in SEQUENCES:
        reference(TINY, weights, sequence, SEGMENTS, observe)
    steps = {step_name(name): np.asarray(wide / 127, np.float32) for name, wide in widest.items()}
    unsmoothed = {**weights, **steps}

    assert off_by(weights, made) < 0.1
    assert off_by(weights, unsmoothed) > 0.3


def test_what_is_never_active_is_no_division_by_zero():
    weights = tiny_weights(TINY)
    for layer in range(TINY.layers):
        weights[f"model.layers.{layer}.self_attn.v_proj.weight"][:] = 0

    made = calibrate(TINY, weights, EVERYWHERE, SEQUENCES)

    assert all(made[step_name(f"layers.{layer}.o")] > 0 for layer in range(TINY.layers))
    _, logits = reference(TINY, made, IDS, SEGMENTS)
    _, want = reference(TINY, weights, IDS, SEGMENTS)
    np.testing.assert_allclose(logits, want, atol=1e-3)


@pytest.mark.parametrize("sequences", [[], [np.zeros(0, np.int64)]])
def test_no_text_to_measure_on_is_refused(sequences):
    message = "sequences must hold a token, got 0 - at calibrate(); pass some text"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        calibrate(TINY, tiny_weights(TINY), EVERYWHERE, sequences)


def test_the_model_that_ships_has_these_kernels():
    manifest = json.loads((HEARTH / "manifest.json").read_text(encoding="utf-8"))

    layers = manifest["config"]["layers"]

    assert manifest["kernels"] == kernel_plan(layers, *SHIPPED_KERNELS)


def test_a_matrix_without_its_step_is_refused():
    parts = GraphParts()
    parts.input("x", TensorProto.FLOAT, ("rows", 32))
    message = "layers.0.o.step must be known, got None - at enter(); calibrate first"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        enter(parts, "x", "layers.0.o", STATIC)
