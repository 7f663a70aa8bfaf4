"""A server in place of the model: what it may do to a game, which is nothing but answer."""

from __future__ import annotations

import gc
import logging
import pickle
import shutil
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from minds import GRETA
from stand_in import SAID, WAYS_TO_FAIL, Handler, StandIn, patiently

import npcbrain as nb
from npcbrain import tree
from npcbrain.clock import NS_PER_S
from npcbrain.remote import worker
from npcbrain.remote.desk import Desk

pytest.importorskip("httpx2")

pytestmark = pytest.mark.filterwarnings("ignore:server must answer:RuntimeWarning")

KEY = "sk-very-secret-0123456789"
TTL_MS = 60_000.0  # long enough for any machine


class Game:
    """A runtime whose only brain is a server, and frames for it."""

    def __init__(self, server: StandIn | str, brain: Any = None, **settings: Any) -> None:
        url = server if isinstance(server, str) else server.url
        self.remote = nb.Remote(url, **settings)
        self.runtime = nb.Runtime(brain or self.remote, price_file=None)
        self.runtime.on_action("give", lambda npc, item: None)

    def __enter__(self) -> Game:
        return self

    def __exit__(self, *_: object) -> None:
        self.runtime.close()

    def add(self, name: str = "greta", ttl_ms: float = TTL_MS, **decide: Any) -> nb.Npc:
        root = tree.Selector(
            tree.Sequence(nb.Heard(), nb.Decide(ttl_ms=ttl_ms, **decide), nb.Act()),
            tree.Sequence(nb.Heard(), nb.CannedReply()),
            tree.Succeed(),
        )
        return self.runtime.add_npc(name, persona=GRETA, tree=root)

    def play(self, is_over: Callable[[], bool]) -> list[tuple[str, nb.Decision]]:
        """Frames until something is so; all that was decided in them."""
        decisions = []
        for _ in patiently():
            decisions += self.runtime.update(4.0).decisions
            if is_over():
                return decisions
        raise AssertionError("it never came to that")

    def ask(self, npc: nb.Npc, text: str = "Hello!") -> nb.Decision:
        npc.hear(text)
        (decision,) = self.play(lambda: npc.event is None)
        return decision[1]


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


def test_a_server_decides_as_a_model_would(server: StandIn) -> None:
    with Game(server) as game:
        decision = game.ask(game.add())
    assert decision == nb.Decision("say", emotion="neutral", say=SAID)
    (body,) = server.asked
    assert "Greta" in body["messages"][-1]["content"]
    assert body["stream"] is True


def test_words_stream_and_the_deed_is_known_before_they_end(server: StandIn) -> None:
    server.behave = lambda handler, body: handler.answer(body, pause_s=0.01)
    with Game(server) as game:
        npc = game.add()
        npc.hear("Hello!")
        game.play(lambda: npc.speech not in ("", SAID))
        assert npc.answer == nb.Decision("say")
        game.play(lambda: npc.event is None)
        assert npc.speech == SAID


def test_who_needs_no_words_asks_for_none(server: StandIn) -> None:
    with Game(server) as game:
        decision = game.ask(game.add(words=False))
    assert (decision.action, decision.reason, decision.source) == ("say", "no_words", "tree")
    assert "say" not in server.asked[0]["response_format"]["json_schema"]["schema"]["properties"]


@pytest.mark.parametrize("way", WAYS_TO_FAIL, ids=lambda way: way.__name__)
def test_whatever_a_server_does_the_tree_answers_and_the_server_is_tried_again(
    server: StandIn, way: Callable[[Handler, dict[str, Any]], None]
) -> None:
    with Game(server) as game:
        patient, hasty = game.add("patient"), game.add("hasty", ttl_ms=300.0)
        assert game.ask(patient).source == "model"
        server.behave = way
        for _ in range(4):
            decision = game.ask(hasty)
            assert (decision.source, decision.say) == ("tree", hasty.speech)
            assert decision.reason
        server.behave = Handler.answer
        game.play(lambda: game.ask(patient).source == "model")


def test_a_killed_server_is_found_again_without_a_restart_of_the_game(server: StandIn) -> None:
    with Game(server) as game:
        npc = game.add()
        assert game.ask(npc).source == "model"
        server.behave = Handler.drip
        npc.hear("Hello!")
        game.play(lambda: bool(server.asked[1:]))
        server.kill()
        game.play(lambda: npc.event is None)
        game.play(lambda: game.ask(npc).reason == "unreachable")
        with StandIn("vllm", port=server.port):  # another one, at the same address
            game.play(lambda: game.ask(npc).source == "model")


def test_a_server_that_is_away_is_known_at_once_and_costs_no_wait(server: StandIn) -> None:
    with Game(server) as game:
        server.kill()
        npc = game.add()
        game.play(lambda: game.ask(npc).reason == "unreachable")
        npc.hear("Hello!")
        report = game.runtime.update(4.0)
        assert report.fallbacks == [("greta", "unreachable")]


@pytest.mark.parametrize("how", ["late", "removed"])
def test_an_answer_that_is_no_longer_wanted_is_cancelled_at_the_server(
    server: StandIn, how: str
) -> None:
    server.behave = Handler.stall
    with Game(server, silence_s=60.0) as game:
        npc = game.add(ttl_ms=200.0 if how == "late" else TTL_MS)
        if how == "late":
            game.play(lambda: game.ask(npc).reason == "expired" and server.num_hung_up > 0)
        else:
            npc.hear("Hello!")
            game.play(lambda: bool(server.asked))
            game.runtime.remove_npc("greta")
            game.play(lambda: server.num_hung_up == 1)


def test_a_half_open_answer_keeps_its_whole_sentences(server: StandIn) -> None:
    def half(handler: Handler, body: dict[str, Any]) -> None:
        handler.begin()
        handler.piece('{"deed": {"action": "say"}, "emotion": "sad", "say": "It burned. We co')
        handler.chunk(b"")

    server.behave = half
    with Game(server) as game:
        decision = game.ask(game.add())
    assert (decision.say, decision.source) == ("It burned.", "model")
    assert len(server.asked) == 1  # a word had come: asking again would say it twice


def test_before_its_first_word_a_broken_answer_is_asked_for_again(server: StandIn) -> None:
    def once(handler: Handler, body: dict[str, Any]) -> None:
        server.behave = Handler.answer
        handler.fail(body)

    server.behave = once
    with Game(server) as game:
        assert game.ask(game.add()).source == "model"
    assert len(server.asked) == 2


def test_no_more_are_asked_at_once_than_the_limit_or_the_server_says(server: StandIn) -> None:
    server.behave = Handler.stall
    with Game(server, limit=16, silence_s=60.0) as game:
        for index in range(20):
            game.add(f"npc {index}").hear("Hello!")
        game.play(lambda: len(server.asked) == 4)  # its slots
        for _ in range(20):
            report = game.runtime.update(4.0)
        assert len(server.asked) == 4
        assert (report.num_thinking, report.num_waiting) == (4, 16)


def test_a_crowd_that_asks_again_and_again_does_not_wake_the_worker_from_its_frames(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.behave = Handler.stall
    rings: list[Desk] = []
    with Game(server, silence_s=60.0) as game:
        people = [game.add(f"npc {index}") for index in range(44)]
        for npc in people[:4]:
            npc.hear("Hello!")
        game.play(lambda: len(server.asked) == 4)
        ring = Desk.ring

        def counted(desk: Desk) -> None:
            rings.append(desk)
            ring(desk)

        monkeypatch.setattr(Desk, "ring", counted)
        for npc in people[4:]:
            npc.hear("Hello!")
            game.runtime.update(4.0)
        game.play(lambda: game.runtime.update(4.0).num_waiting == 40)  # seen all the same
    # A few, if the worker was just at work; but not in each of forty frames.
    assert len(rings) - 1 < 10  # and one to end it


def test_after_a_long_silence_a_question_calls_the_worker_again(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LINGER_NS", 0)
    with Game(server) as game:
        npc = game.add()
        for _ in range(3):
            assert game.ask(npc).source == "model"
            time.sleep(3 * worker.LOOK_NS / NS_PER_S)  # it has looked for the last time


def test_whoever_matters_more_is_asked_for_first(server: StandIn) -> None:
    gate = [False]

    def wait(handler: Handler, body: dict[str, Any]) -> None:
        for _ in patiently():
            if gate[0]:
                break
        handler.answer(body)

    server.behave = wait
    with Game(server, limit=1) as game:
        people = [game.add(f"npc {index}") for index in range(3)]
        people[0].hear("One.")
        game.play(lambda: len(server.asked) == 1)
        people[1].hear("Two.")
        people[2].importance = 50.0
        people[2].hear("Three.")
        game.play(lambda: game.runtime.update(4.0).num_waiting == 2)
        gate[0] = True
        game.play(lambda: all(npc.event is None for npc in people))
    told = [body["messages"][-1]["content"].rpartition(": ")[2] for body in server.asked]
    assert told == ['"One."', '"Three."', '"Two."']


@pytest.mark.parametrize(
    ("flavour", "name", "form"),
    [
        ("llamacpp", "llama.cpp", "nested"),
        ("vllm", "vLLM", "nested"),
        ("trtllm", "TensorRT-LLM", "json"),
        ("none", "", "asked"),
    ],
)
def test_how_a_server_is_kept_to_legal_answers_is_found_out(
    flavour: str, name: str, form: str
) -> None:
    with StandIn(flavour) as server:
        dialect = nb.Remote(server.url).check()
        assert (dialect.server, dialect.form) == (name, form)
        if flavour != "none":
            with Game(server) as game:
                assert game.ask(game.add()).source == "model"


def test_a_web_page_is_no_server(server: StandIn) -> None:
    server.page = b"<html>It works!</html>"
    with pytest.raises(nb.RemoteError, match=r"text/html.*It works.*check that the URL"):
        nb.Remote(server.url).check()


def test_a_model_that_is_not_served_is_named_with_those_that_are(server: StandIn) -> None:
    with pytest.raises(nb.RemoteError, match=r"no model llama-9, but: tiny"):
        nb.Remote(server.url, model="llama-9").check()


def test_nobody_at_the_address_is_said_so() -> None:
    with StandIn() as server:
        pass
    with pytest.raises(nb.RemoteError, match="start it, or correct the URL"):
        nb.Remote(server.url).check()


def test_what_is_wrong_is_said_aloud_once_at_the_games_update(server: StandIn) -> None:
    server.page = b"<html>"
    with Game(server) as game, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        npc = game.add()
        game.play(lambda: game.ask(npc).reason == "refused")
        game.ask(npc)
    (warning,) = told
    assert warning.filename == __file__
    assert "text/html" in str(warning.message)


def test_a_key_reaches_its_server_and_no_log_message_or_save(
    server: StandIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GAME_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    server.key = KEY
    with Game(server, key_env="GAME_KEY") as game:
        assert game.ask(game.add()).source == "model"
        assert server.headers[-1]["authorization"] == f"Bearer {KEY}"
        with pytest.raises(TypeError):
            pickle.dumps(game.remote)
        assert KEY not in f"{game.remote!r} {game.remote.key!r} {vars(nb)}"
    server.key = "another"  # and this server repeats what it was shown
    with pytest.raises(nb.RemoteError, match="key_env") as error:
        game.remote.check()
    assert KEY not in str(error.value) + caplog.text
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "ftp://example.com",
        "http://example.com",
        f"https://{KEY}@example.com",
        f"https://example.com/?key={KEY}",
        "https://",
        "http://127.0.0.1:99999",
        7,
    ],
)
def test_an_address_that_a_key_must_not_go_to_is_refused(url: Any) -> None:
    with pytest.raises(nb.UsageError) as error:
        nb.Remote(url)
    assert KEY not in str(error.value)


def test_plain_http_to_another_machine_has_to_be_meant() -> None:
    assert nb.Remote("http://10.0.0.7:8080/v1/", allow_plain=True).url == "http://10.0.0.7:8080"
    assert nb.Remote("http://[::1]:8080").url == "http://[::1]:8080"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate")
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split()
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key)]
    subprocess.run(
        ["openssl", *command, *names, "-out", str(certificate)], check=True, capture_output=True
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with StandIn(tls=tls) as server:
        with pytest.raises(nb.RemoteError, match=r"(?i)certificate"):
            nb.Remote(server.url).check()
        assert nb.Remote(server.url, ca_file=certificate).check().server == "llama.cpp"


def test_a_key_passed_by_mistake_is_not_shown() -> None:
    with pytest.raises(nb.UsageError) as error:
        nb.Remote("http://localhost:1", key_env=KEY)
    assert KEY not in str(error.value)


def workers() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("npcbrain remote")]


def test_a_runtime_that_is_closed_or_forgotten_hangs_up(server: StandIn) -> None:
    server.behave = Handler.stall
    game = Game(server)
    npc = game.add()
    npc.hear("Hello!")
    game.play(lambda: bool(server.asked))
    game.runtime.close()
    for _ in patiently():
        if not workers():
            break
    assert workers() == []
    game = Game(server)
    del game, npc
    gc.collect()
    for _ in patiently():
        if not workers():
            return
    raise AssertionError("the worker lives on")
