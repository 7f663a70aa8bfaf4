"""llama.cpp's own server, for real: a tiny random model behind it, killed in the middle."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from stand_in import patiently

pytest.importorskip("httpx2")
pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")
pytest.importorskip("onnx")

from minds import GRETA

import npcbrain as nb
from npcbrain import tree
from tools.bench.gguf_files import write_gguf
from tools.bench.llama_http import LlamaHttp
from tools.make_tiny_model import TINY, tiny_tokenizer, tiny_weights

pytestmark = pytest.mark.filterwarnings("ignore:server must answer:RuntimeWarning")

CONTEXT = 4096  # its vocabulary is hardly more than letters
KEY = "llama-secret"
ASKS = tree.Selector(
    tree.Sequence(nb.Heard(), nb.Decide(ttl_ms=60_000, words=False), nb.Act()),
    tree.Sequence(nb.Heard(), nb.CannedReply()),
    tree.Succeed(),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaHttp]:
    config = dataclasses.replace(TINY, max_context=CONTEXT)
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_gguf(path, config, tiny_weights(config), tiny_tokenizer(config.vocab), "Q8_0")
    with LlamaHttp(path, slots=2, context=CONTEXT, key=KEY) as running:
        yield running


@pytest.fixture
def remote(server: LlamaHttp, monkeypatch: pytest.MonkeyPatch) -> nb.Remote:
    monkeypatch.setenv("LLAMA_KEY", KEY)
    return nb.Remote(server.url, key_env="LLAMA_KEY", silence_s=60.0)


def test_it_is_known_and_keeps_a_model_that_knows_nothing_to_legal_answers(
    remote: nb.Remote,
) -> None:
    dialect = remote.check()
    assert (dialect.server, dialect.form, dialect.slots) == ("llama.cpp", "nested", 2)


def test_it_refuses_a_wrong_key(server: LlamaHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_KEY", "wrong")
    with pytest.raises(nb.RemoteError, match=r"refuses the key.*key_env"):
        nb.Remote(server.url, key_env="LLAMA_KEY").check()


def test_a_crowd_decides_and_goes_on_after_the_server_was_killed_in_mid_answer(
    server: LlamaHttp, remote: nb.Remote
) -> None:
    with nb.Runtime(remote) as runtime:
        runtime.on_action("give", lambda npc, item: None)
        people = [runtime.add_npc(f"npc {n}", persona=GRETA, tree=ASKS) for n in range(6)]

        def ask(until: str) -> list[str]:
            """Everybody is asked; ``kill`` ends the server as soon as it is at it."""
            for npc in people:
                npc.hear("Bread, please!")
            reasons = []
            for _ in patiently(60.0):
                report = runtime.update(4.0)
                reasons += [decision.reason for _, decision in report.decisions]
                if until == "killed" and report.num_thinking == 2:
                    server.kill()
                    until = "answered"
                if all(npc.event is None for npc in people):
                    return reasons
            raise AssertionError("they wait for ever")

        assert ask("answered") == ["no_words"] * 6  # each has chosen a legal deed
        killed = ask("killed")
        assert {"engine_error", "unreachable"} & set(killed)
        server.start()
        for _ in patiently(60.0):
            if "no_words" in ask("answered"):
                return
        raise AssertionError("the server is back, and nobody asks it")
