"""The promise of no telemetry, kept before anything else is imported."""

from __future__ import annotations

import subprocess
import sys


def test_onnx_runtime_is_told_to_send_nothing_when_npcbrain_is_imported() -> None:
    code = (
        "import os, sys; os.environ.pop('ORT_DISABLE_TELEMETRY', None); import npcbrain; "
        "assert 'onnxruntime' not in sys.modules; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "1"
