"""Promises about how much of an answer is waited for: the deed alone, the decision, or all."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from frame_game import MS, Game
from minds import Stage

from npcbrain.errors import TreeError
from npcbrain.lm.grammar import GrammarCompiler
from npcbrain.lm.tokenizer import Tokenizer
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.prompting.prompt import AnswerReader, answer_grammar
from npcbrain.scheduling.request import Extent, State
from npcbrain.situation import Action, Decision, Event, Profile, Scene, Situation
from npcbrain.tree import Selector, Sequence, Status

TOKENIZER = Path(__file__).parents[1] / "models" / "tiny" / "tokenizer.json"
ACTIONS = (Action("say"), Action("give", {"item": ("loaf", "long loaf"), "to": ("Al",)}))
CROWD = Selector(Sequence(Heard(), Decide(words=False), Act()), CannedReply(["Hm?"]))


def asked_after_ten_answers(extent: Extent, ttl_ns: int) -> State:
    """What becomes of a question once lengths are known: 16 tokens, of which 2 decide."""
    game = Game()
    words = " ".join("abcdefghijklmnop")
    for _ in range(10):
        request = game.ask(answer=words, num_prompt=4)
        while not request.done:
            game.frame()
            if request.generation.num_generated >= 2:
                game.scheduler.decided(request)
    game.frames(8)
    late = game.ask(answer=words, num_prompt=4, ttl_ns=ttl_ns, extent=extent)
    game.frame()
    return late.state


@pytest.mark.parametrize(
    ("extent", "is_refused"), [(Extent.WHOLE, True), (Extent.DECIDED, False), (Extent.DEED, False)]
)
def test_only_what_is_waited_for_must_come_in_time(extent: Extent, is_refused: bool) -> None:
    # An answer takes 16 tokens of 3 ms at 4 ms a frame of 16: some 190 ms. Its deed takes 40.
    state = asked_after_ten_answers(extent, 130 * MS)
    assert (state is State.FAILED) is is_refused


def test_whoever_has_decided_is_not_given_up_for_words_that_will_be_late() -> None:
    game = Game()
    request = game.ask(answer="a b c d e f g h i j", ttl_ns=140 * MS, extent=Extent.DECIDED)
    while request.generation.num_generated < 2:
        game.frame()
    game.scheduler.decided(request)
    while not request.done:
        game.frame()
    assert request.reason == "expired"  # and not would_exceed: it spoke until its time was up


def test_whoever_has_yet_to_decide_goes_before_the_words_of_others() -> None:
    """Two are asked a second apart; the first has decided and would have the older right."""
    order = {}
    for is_told in False, True:
        game = Game()
        first = game.ask(answer="a b c d e f g h i j k l m n o p", extent=Extent.DECIDED)
        while first.generation.num_generated < 2:
            game.frame()
        if is_told:
            game.scheduler.decided(first)
        game.clock.advance_ns(700 * MS)
        second = game.ask(answer="a b", num_prompt=40, extent=Extent.DECIDED)
        while not second.generation.num_generated:
            game.frame()
        order[is_told] = first.generation.num_generated
    assert order[True] < order[False]


def test_answers_that_are_deeds_alone_do_not_make_others_look_short() -> None:
    game = Game()
    for _ in range(10):
        request = game.ask(answer="a b", extent=Extent.DEED)
        while not request.done:
            game.frame()
    assert game.scheduler.typical == 16


def test_a_deed_is_written_to_its_last_argument_and_no_further() -> None:
    tokenizer = Tokenizer(TOKENIZER.read_bytes(), "<|im_start|>", "<|im_end|>", 352, "tiny")
    compiler, situation = GrammarCompiler(tokenizer), situation_of(ACTIONS)
    seen = set()
    for seed in range(40):
        dice = random.Random(seed)
        matcher = compiler.matcher(answer_grammar(ACTIONS, words="none"))
        ids = matcher.forced()
        while not matcher.ended and tokenizer.eos_id not in ids:
            token = dice.choice([int(token) for token in matcher.mask().nonzero()[0]])
            matcher.push(token)
            ids += [token, *matcher.forced()]
        text = tokenizer.decode([token for token in ids if token != tokenizer.eos_id])
        reader = AnswerReader(situation)
        reader.read(text)
        assert reader.decided
        decision = reader.decision(whole=True)
        assert decision is not None
        assert decision.say == ""
        seen.add((decision.action, *decision.args.values()))
    assert seen == {("say",), ("give", "loaf", "Al"), ("give", "long loaf", "Al")}


def situation_of(actions: tuple[Action, ...]) -> Situation:
    return Situation(Profile("Greta", "baker"), Scene(), Event("speech", "Al", "Bread!"), actions)


def test_a_crowd_acts_by_the_model_and_speaks_by_the_tree() -> None:
    given: list[str] = []
    stage = Stage(CROWD, give=lambda npc, item: given.append(item))
    stage.npc.hear("Bread, please.")
    stage.tick()
    idea = stage.mind.ideas[0]
    idea.choose("give", item="loaf")
    idea.fail("no_words")
    stage.npc.listen()
    assert stage.tick() is Status.SUCCESS
    assert given == ["loaf"]
    said = Decision("give", {"item": "loaf"}, say="Mind the oven!", reason="no_words")
    assert stage.npc.decision == said
    assert stage.npc.decision.source == "model"
    assert stage.report.fallbacks == []
    assert stage.npc.event is None


def test_a_crowd_that_is_to_talk_leaves_that_to_the_tree() -> None:
    stage = Stage(CROWD)
    stage.npc.hear("Hello!")
    stage.tick()
    idea = stage.mind.ideas[0]
    idea.choose("say")
    idea.fail("no_words")
    stage.npc.listen()
    assert stage.tick() is Status.SUCCESS
    assert stage.npc.speech == "Hm?"
    assert stage.npc.decision == Decision("say", say="Hm?", source="tree", reason="no_words")


def test_the_mind_is_asked_for_as_much_as_the_leaf_wants() -> None:
    wanted = []
    for leaf in Decide(words=False), Decide(), Decide(when="whole"):
        stage = Stage(Sequence(Heard(), leaf))
        stage.npc.hear("Hello!")
        stage.tick()
        wanted.append(stage.mind.asked[-1].extent)
    assert wanted == [Extent.DEED, Extent.DECIDED, Extent.WHOLE]


def test_a_tree_cannot_wait_for_words_that_nobody_writes() -> None:
    with pytest.raises(TreeError, match="words must be True for a whole answer"):
        Decide(when="whole", words=False)
    with pytest.raises(TreeError, match="words must be True or False"):
        Decide(words=1)  # type: ignore[arg-type]
