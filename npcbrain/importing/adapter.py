"""A LoRA adapter as PEFT stores it: low-rank changes to a model's matrices, merged at import.

It is read when a matrix is read, so that no more is kept in memory. Invariant: every tensor of the
adapter changes a matrix that the model has, or the adapter is refused by that tensor's name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npcbrain.errors import ModelError, UsageError, fault
from npcbrain.importing.json_file import read_json
from npcbrain.importing.safetensors_file import SafetensorsFile

__all__ = ["Adapter"]

PREFIX = "base_model.model."  # PEFT puts this before the names of a causal model
FACTOR = re.compile(r"(?P<module>.+)\.lora_(?P<side>[AB])\.weight")
PLAIN = re.compile(r"[A-Za-z0-9_.]+")  # the patterns taken here; PEFT takes any regular expression
MAX_SCALE = 1e6
REFUSED = {  # settings of an adapter that are not supported, and what they must be
    "use_dora": "be false",
    "use_qalora": "be false",
    "fan_in_fan_out": "be false",
    "modules_to_save": "be empty",
    "trainable_token_indices": "be empty",
    "target_parameters": "be empty",
    "layer_replication": "be empty",
    "lora_bias": "be false",
}


class _Change(NamedTuple):
    """The change of one matrix: ``scale`` x B x A is added."""

    a: str
    b: str
    scale: float


class Adapter:
    """The changes of one adapter.

    Attributes:
        folder: Its folder.
    """

    def __init__(self, folder: Path, matrices: Mapping[str, tuple[int, ...]]) -> None:
        """Checks that all of it can be merged.

        Args:
            folder: With ``adapter_config.json`` and ``adapter_model.safetensors``.
            matrices: The shape of each matrix of the model, by its name as transformers stores it.

        Raises:
            ModelError: It is not a LoRA, asks for something unsupported, or is of another model.
            UsageError: There is no such folder.
        """
        self.folder = folder
        if not folder.is_dir():
            advice = "pass a folder with adapter_config.json and adapter_model.safetensors"
            raise UsageError(fault("--adapter", "be a folder", str(folder), "import-model", advice))
        config = folder / "adapter_config.json"
        data, where = read_json(config), str(config)
        _refuse(data, where)
        self._file = SafetensorsFile(folder / "adapter_model.safetensors")
        factors = _factors(self._file)
        self._changes: dict[str, _Change] = {}
        for module, sides in factors.items():
            matrix = f"{module}.weight"
            shapes = {side: self._file.shapes[name] for side, name in sides.items()}
            rank = _rank(matrix, shapes, matrices, str(self._file.path))
            scale = _scale(data, module, rank, where)
            self._changes[matrix] = _Change(sides["A"], sides["B"], scale)

    def add_to(self, weight: np.ndarray, matrix: str, first_row: int) -> np.ndarray:
        """A weight with the adapter's change added.

        Args:
            weight: All of a matrix or some of its rows.
            matrix: Its name, as transformers stores it.
            first_row: The row of the matrix with which ``weight`` begins.

        Raises:
            ModelError: The file cannot be read any more.
        """
        change = self._changes.get(matrix)
        if change is None:
            return weight
        rows = slice(first_row, first_row + len(weight))
        low, high = self._file.read(change.a), self._file.read(change.b)[rows]
        added: np.ndarray = weight + (high @ low) * np.float32(change.scale)
        return added


def _refuse(data: Mapping[str, Any], where: str) -> None:
    if data.get("peft_type") != "LORA":
        raise ModelError(fault("peft_type", "be 'LORA'", data.get("peft_type"), where))
    for key, rule in REFUSED.items():
        if data.get(key):
            advice = "merge it in PEFT (merge_and_unload), and import what that saves"
            raise ModelError(fault(key, rule, data[key], where, advice))


def _factors(file: SafetensorsFile) -> dict[str, dict[str, str]]:
    """The names of A and B of each module."""
    found: dict[str, dict[str, str]] = {}
    where = str(file.path)
    for name in file.shapes:
        match = FACTOR.fullmatch(name.removeprefix(PREFIX))
        if match is None:
            rule = "be a lora_A or lora_B of a matrix"
            advice = "merge it in PEFT (merge_and_unload), and import what that saves"
            raise ModelError(fault("tensor", rule, name, where, advice))
        found.setdefault(match["module"], {})[match["side"]] = name
    if not found:
        raise ModelError(fault("adapter", "change a matrix at least", "none", where))
    for module, sides in found.items():
        if len(sides) != 2:
            missing = min({"A", "B"} - set(sides))
            rule, advice = f"hold lora_{missing} of {module}", "copy it again"
            raise ModelError(fault("adapter", rule, None, where, advice))
    return found


def _rank(
    matrix: str,
    shapes: Mapping[str, tuple[int, ...]],
    matrices: Mapping[str, tuple[int, ...]],
    where: str,
) -> int:
    """The rank of a change; refuses factors that do not fit the matrix and each other."""
    shape = matrices.get(matrix)
    if shape is None:
        advice = "is it an adapter of this very model? A head that is the table of tokens has none"
        rule = "change matrices that the model has"
        raise ModelError(fault("adapter", rule, matrix, where, advice))
    low, high = shapes["A"], shapes["B"]
    fits = len(low) == len(high) == 2 and low[0] == high[1] > 0
    if not fits or (high[0], low[1]) != shape:
        rule = f"have the shape {shape} when multiplied"
        raise ModelError(fault(f"B and A of {matrix}", rule, (high, low), where))
    return low[0]


def _scale(data: Mapping[str, Any], module: str, rank: int, where: str) -> float:
    alpha = data.get("lora_alpha")
    patterns = data.get("alpha_pattern") or {}
    if not isinstance(patterns, dict):
        raise ModelError(fault("alpha_pattern", "be an object", patterns, where))
    for pattern in patterns:
        if not PLAIN.fullmatch(pattern):
            rule = "name modules by letters, digits, _ and ."
            raise ModelError(fault("alpha_pattern", rule, pattern, where))
    # As in PEFT, the first pattern that fits counts.
    own = (v for key, v in patterns.items() if f".{module}".endswith(f".{key}"))
    alpha = next(own, alpha)
    is_number = isinstance(alpha, int | float) and not isinstance(alpha, bool)
    if not is_number or not 0 < alpha < MAX_SCALE:  # type: ignore[operator]
        raise ModelError(fault("lora_alpha", "be a number above 0", alpha, where))
    return float(alpha) / (math.sqrt(rank) if data.get("use_rslora") else rank)  # type: ignore[arg-type]
