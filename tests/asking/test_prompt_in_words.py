"""Models of the first format are asked in words, as they were taught, and never quote."""

from __future__ import annotations

from minds import GRETA, ScriptedModel

from npcbrain.lm.marks import MARKS
from npcbrain.prompting.prompt import answer_grammar, render
from npcbrain.situation import Situation

SITUATION = Situation.from_dict(
    {
        "npc": {
            "name": "Hilda",
            "role": "innkeeper",
            "traits": ["grumpy"],
            "goal": "fill the inn",
            "facts": ["A bed costs five coppers.", "The cellar has rats."],
        },
        "scene": {"place": "the inn", "time": "night", "nearby": ["player"]},
        "memory": [
            "He paid.",
            "The player said: One ale. Hilda chose: pour, ale. Hilda said: Here.",
        ],
        "event": {"kind": "speech", "from": "player", "text": "What is a bed?"},
        "actions": [{"name": "say"}, {"name": "pour", "args": {"what": ["ale", "milk"]}}],
    }
)


def test_structure_stands_in_words() -> None:
    prompt = render(SITUATION, marks=False)
    assert prompt.prefix == (
        "Hilda, innkeeper\ngrumpy\nwants to fill the inn\n"
        "knows:\n- A bed costs five coppers.\n- The cellar has rats.\n"
        "can:\n- say\n- pour what: ale / milk\n"
    )
    assert prompt.news.startswith(
        "at the inn, night\nnear: player\nremembers:\n- He paid.\n"
        "- The player said: One ale. Hilda chose: pour, ale. Hilda said: Here.\n"
        "speech from player: What is a bed?\nrecalls: A bed costs five coppers.\n"
    )
    assert not set(MARKS) & set(prompt.prefix + prompt.news)


def test_what_classical_reading_says_is_the_same() -> None:
    assert render(SITUATION, marks=False).action_prior == render(SITUATION).action_prior


def test_a_model_without_marks_is_asked_in_words_and_cannot_quote() -> None:
    from test_requester import Bench

    model = ScriptedModel()
    model.has_marks = False
    bench = Bench(model)
    bench.ask(memory=None)
    bench.frame()
    assert "speech from player" in model.news[0]
    assert not set(MARKS) & set(model.news[0])
    assert model.grammars == [answer_grammar(GRETA.actions)]
