"""The promise of no telemetry: nothing is looked up, nobody is called, no file is written."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "models" / "tiny"
FOLDERS = (
    "HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "TMPDIR", "TEMP", "TMP", "NPCBRAIN_CACHE",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
)  # fmt: skip
# Where a child is on a build machine, or told of tests, it may hold its tongue.
HUSHING = (
    "CI", "TF_BUILD", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "TRAVIS", "JENKINS_URL",
    "CODEBUILD_BUILD_ID", "BUILDKITE", "TEAMCITY_VERSION", "APPVEYOR", "BITBUCKET_BUILD_NUMBER",
    "ORT_RUNNING_UNIT_TESTS", "ORT_DISABLE_TELEMETRY", "NO_PROXY", "no_proxy",
)  # fmt: skip
WATCH = """
import os, socket, sys

found = []

def audit(event, args):
    if event.startswith(("socket.connect", "socket.get", "socket.send")):
        found.append(event)

sys.addaudithook(audit)

def refused(name):
    def call(*args, **rest):
        found.append(name)
        raise OSError("there is no network")
    return call

for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "create_connection"):
    setattr(socket, name, refused(name))
for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refused(f"socket.{name}"))
"""
PLAY = f"""
import time
model = npcbrain.Model.load({str(TINY)!r})
tree = npcbrain.minds.talker()
persona = npcbrain.Persona.from_dict({{"name": "Al", "role": "cook"}})
with npcbrain.Runtime(model, price_file=None) as runtime:
    npc = runtime.add_npc("al", persona=persona, tree=tree)
    npc.hear("Is the soup done?")
    while not runtime.update(50.0).decisions:
        pass
    runtime.save("slot.npcb").wait()
os.remove("slot.npcb")
time.sleep(3)
print(found)
"""


class Street:
    """Where a child would have to pass: a proxy that it is told of, which counts who comes."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def num_callers(self) -> int:
        """Connections since the last call; those of code in C and C++ too."""
        self._listener.setblocking(False)
        count = 0
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return count
            connection.close()
            count += 1


@contextmanager
def street() -> Iterator[Street]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Street(listener)


def run(code: str, home: Path, proxy: str = "") -> str:
    """What a process prints that starts without a setting, in a home of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in HUSHING}
    for name in FOLDERS:
        environment[name] = str(home / name.lower())
        (home / name.lower()).mkdir()
    (home / "here").mkdir()
    environment["PYTHONPATH"] = str(ROOT)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        environment[name] = environment[name.upper()] = proxy
    command = [sys.executable, "-c", code]
    told = subprocess.run(
        command, env=environment, cwd=home / "here", capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def files_in(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def test_onnx_runtime_is_told_to_send_nothing_when_npcbrain_is_imported(tmp_path: Path) -> None:
    code = (
        "import os, sys, npcbrain; assert 'onnxruntime' not in sys.modules; "
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    assert run(code, tmp_path) == "1"


@pytest.mark.parametrize(
    "imports",
    ["import npcbrain", "import npcbrain\nimport onnxruntime"],
    ids=["npcbrain alone", "onnxruntime before a model is loaded"],
)
def test_a_game_with_a_model_looks_nothing_up_and_writes_no_file(
    tmp_path: Path, imports: str
) -> None:
    """ONNX Runtime 1.31, not told, writes three files at its import and calls seconds later."""
    with street() as outside:
        found = run(WATCH + imports + PLAY, tmp_path, outside.url)
        assert ast.literal_eval(found) == []
        assert outside.num_callers() == 0
    assert files_in(tmp_path) == []


def test_whoever_looked_something_up_or_wrote_a_file_would_be_found(tmp_path: Path) -> None:
    code = (
        WATCH
        + """
from pathlib import Path
import _socket

try:
    socket.getaddrinfo("example.invalid", 443)
except OSError:
    pass
host, port = os.environ["HTTPS_PROXY"].removeprefix("http://").split(":")
_socket.socket().connect((host, int(port)))  # past what was patched, as code in C does
for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
    Path(os.environ[name], "deviceid").write_text("7", encoding="utf-8")
Path("collected.db").write_text("7", encoding="utf-8")
print(found)
"""
    )
    with street() as outside:
        found = run(code, tmp_path, outside.url)
        assert ast.literal_eval(found) == ["getaddrinfo", "socket.connect"]
        assert outside.num_callers() == 1
    assert len(files_in(tmp_path)) == 4


def test_where_onnx_runtime_came_first_its_events_are_switched_off(tmp_path: Path) -> None:
    """Its files are there by then; what can still be refused is refused."""
    code = """
import sys, types
told = []
early = types.ModuleType("onnxruntime")
early.disable_telemetry_events = lambda: told.append("off")
sys.modules["onnxruntime"] = early
import npcbrain
print(told)
"""
    assert run(code, tmp_path) == "['off']"
