"""Written exchanges: how sheets are read and checked, and what the project's own hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from npcbrain.commands.scenarios import read_scenarios
from npcbrain.npcs.memory import Memory
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.stock_lines import OCCASIONS
from npcbrain.situation import Exchange
from tools.distil.sheets import SheetError, read_sheets
from tools.distil.sheets.__main__ import main
from tools.distil.sheets.checking import Report, check, invented
from tools.distil.sheets.reading import DATA, held_out_names
from tools.distil.situations.example import Example

SHEET = """\
# Hob Millward, miller
traits: sly, hearty
goal: sell the last of the rye
knows:
- A sack of rye costs nine pence.
can:
- say
- grease_gears
- hoist sack: rye / barley; to: player / Wat
at: the old mill, noon
near: player, Wat

player: Nine pence, was it?
= say | amused | Nine pence, and your memory is better than your purse.

! world: The great wheel begins to smoke.
= grease_gears | afraid | Fat, quickly, before she burns!

~ The player carried sacks all morning.
Wat: A sack of rye for our friend!
= hoist | rye | player | happy | You have earned it twice.
at: the yard
+ player: Twice, you say?
= say | amused | Twice, and once more for the stairs.
"""
WRONG = [
    ("# Hob Millward, miller", "# Hob Millward", 1, "first line must be '# Name, role'"),
    ("# Hob Millward, miller", "Hob", 1, "first line must be '# Name, role'"),
    ("knows:\n- A", "- A", 4, "'- ' must stand under knows: or can:"),
    ("goal: sell", "goals sell", 3, "line must be one that sheets have"),
    ("- A sack", f"- {'A' * 241}", 13, "text must have at most 240 characters, got"),
    (
        "hoist sack: rye / barley",
        "hoist sack: ",
        13,
        "argument must have at least one legal value",
    ),
    ("- grease_gears", "- say", 13, "action name must be unique, got 'say'"),
    (
        "! world: The",
        "!quake world: The",
        16,
        "kind must be attack, gift, time or none, got 'quake'",
    ),
    ("player: Nine pence, was it?", "+ player: Well?", 13, "'+' must follow an exchange"),
    ("= grease_gears", "= grease", 17, "action must be one of ['say', 'grease_gears', 'hoist']"),
    ("| rye | player", "| rye", 21, "hoist must have 2 values, emotion and words"),
    (
        "| rye | player",
        "| wheat | player",
        21,
        "sack must be one of ['rye', 'barley'], got 'wheat'",
    ),
    ("| afraid |", "| scared |", 17, "emotion must be one of"),
    ("before she burns!", "before she", 17, "words must be 1 to 32 and end a sentence"),
    ("Fat, quickly", "Fat, " * 30 + "quickly", 17, "words must be 1 to 32 and end a sentence"),
    ("= grease_gears", "player: Hm?\n= grease_gears", 17, "event must have an answer before the"),
    ("= hoist", "= say | sad | No.\n= hoist", 22, "answer must follow an event"),
    (
        "= say | amused | Twice, and once more for the stairs.\n",
        "",
        23,
        "event must have an answer",
    ),
    ("\n\n! world", "\n- The wheel creaks.\n! world", 15, "profile must stand before the first"),
    ("~ The player", f"~ {'x' * 241} The", 21, "text must have at most 240 characters, got"),
]
MISPLACED = 51  # occasions that the grammar does not allow where they stand; to mend, never more


def folder_of(path: Path, text: str = SHEET, **others: str) -> Path:
    files = {"one.txt": text} | {name.replace("_txt", ".txt"): t for name, t in others.items()}
    for name, content in files.items():
        (path / name).write_text(content, encoding="utf-8")
    return path


def faults_of(path: Path, text: str, **others: str) -> list[str]:
    return check(folder_of(path, text, **others)).faults


def test_an_exchange_is_read_as_it_stands(tmp_path: Path) -> None:
    (sheet,) = read_sheets(folder_of(tmp_path))
    assert (sheet.key, sheet.lines) == ("one.txt: Hob Millward", [14, 17, 21, 24])
    example = sheet.examples[2]
    npc, decision = example.situation.npc, example.decision
    assert (npc.role, npc.traits, npc.goal) == (
        "miller",
        ("sly", "hearty"),
        "sell the last of the rye",
    )
    assert npc.facts == ("A sack of rye costs nine pence.",)
    hoist = example.situation.actions[2]
    assert hoist.args == {"sack": ("rye", "barley"), "to": ("player", "Wat")}
    assert decision.args == {"sack": "rye", "to": "player"}
    assert (decision.emotion, decision.say) == ("happy", "You have earned it twice.")
    assert example.situation.memory == ("The player carried sacks all morning.",)
    assert example.expect.accepts(decision)


def test_each_kind_of_event_has_its_sign(tmp_path: Path) -> None:
    signs = {"player:": "speech", "! player:": "sighting", "!gift player:": "gift"}
    signs |= {"!attack player:": "attack", "!time player:": "time", "!sighting player:": "sighting"}
    exchanges = "".join(f"{sign} Hm?\n= say | sad | Oh.\n" for sign in signs)
    (sheet,) = read_sheets(folder_of(tmp_path, f"# Al, cook\ncan:\n- say\n{exchanges}"))
    assert [e.situation.event.kind for e in sheet.examples] == list(signs.values())
    assert {e.situation.event.source for e in sheet.examples} == {"player"}


def test_a_scene_holds_until_it_changes_and_a_memory_for_one_event(tmp_path: Path) -> None:
    (sheet,) = read_sheets(folder_of(tmp_path, f"{SHEET}\n# Al, cook\ncan:\n- say\n"))[:1]
    scenes = [(e.situation.scene.place, e.situation.scene.time) for e in sheet.examples]
    assert scenes == [("the old mill", "noon")] * 3 + [("the yard", "")]
    assert {e.situation.scene.nearby for e in sheet.examples} == {("player", "Wat")}
    assert [len(e.situation.memory) for e in sheet.examples] == [0, 0, 1, 1]


def test_a_follow_up_remembers_what_the_runtime_would(tmp_path: Path) -> None:
    (sheet,) = read_sheets(folder_of(tmp_path))
    before, after = sheet.examples[2:]
    assert after.situation.memory == (remembered(before),)
    assert remembered(before) == Exchange(
        "Hob Millward",
        "Wat",
        "A sack of rye for our friend!",
        "hoist, rye, player",
        "You have earned it twice.",
    )


def remembered(example: Example) -> str | Exchange:
    memory = Memory()
    memory.add_event(example.situation.event, example.decision, example.situation.npc.name)
    (entry,) = memory
    return entry.told


@pytest.mark.parametrize(("old", "new", "line", "message"), WRONG)
def test_a_fault_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert SHEET.count(old) == 1
    folder = folder_of(tmp_path, SHEET.replace(old, new))
    with pytest.raises(SheetError) as caught:
        read_sheets(folder)
    assert str(caught.value).startswith(message)
    assert re.search(rf" - at one\.txt:{line}\b", str(caught.value)), caught.value
    # Whoever asks for all faults is told this one once, and none that only follow from it.
    told: list[SheetError] = []
    read_sheets(folder_of(folder, SHEET.replace(old, new), two_txt=SHEET), faults=told)
    assert list(map(str, told)) == [str(caught.value)]


def test_all_faults_are_told_and_what_is_right_is_read(tmp_path: Path) -> None:
    text = SHEET.replace("= grease_gears", "= oil").replace("| rye |", "| wheat |")
    told: list[SheetError] = []
    (sheet,) = read_sheets(folder_of(tmp_path, text), faults=told)
    assert [str(e).partition(",")[0] for e in told] == [
        "action must be one of ['say'",
        "sack must be one of ['rye'",
    ]
    assert sheet.lines == [14, 24]


def test_a_folder_without_sheets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"^folder must hold sheets, got 0 - at "):
        read_sheets(folder_of(tmp_path, ""))


def test_held_out_characters_are_in_one_split_alone(tmp_path: Path) -> None:
    other = SHEET.replace("Hob Millward", "Al")
    folder = folder_of(tmp_path, f"{SHEET}{other}", held_out_txt="one.txt: Al\n")
    names = {s: [x.name for x in read_sheets(folder, s)] for s in ("train", "val", "all")}
    assert names == {"train": ["Hob Millward"], "val": ["Al"], "all": ["Hob Millward", "Al"]}


def test_a_sheet_with_nothing_wrong_has_no_fault(tmp_path: Path) -> None:
    report = check(folder_of(tmp_path))
    assert str(report) == (
        "1 sheets (0 held out), 4 exchanges, 50% acts, 24 words said, 0 lines repeated,"
        " 0 openings said too often, 0 faults"
    )


@pytest.mark.parametrize(
    ("say", "names"),
    [
        ("Ask Agnes, or Wat.", ["Agnes"]),
        ("Agnes knows.", []),  # every word is written large there
        ("Nine, or 9, or the 10th.", ["9", "10th"]),
        ("By God, Sir, Hob's my name. I'm Millward.", []),
        ("Ask him. She knows. Yes! Nobody.", []),
        ("Grease, Gears, and Rye.", []),  # actions and their values
        ("The Millwards and Mill's.", []),
        ("I said: \u201cHe is.\u201d Then Bo\u2019s.", ["Bo"]),
        ("Is it O'Grady or Krr-Vash?", ["Grady", "Krr", "Vash"]),
    ],
)
def test_an_invented_name_or_number_is_found(tmp_path: Path, say: str, names: list[str]) -> None:
    (sheet,) = read_sheets(folder_of(tmp_path))
    assert [n for n in invented(sheet.examples[0].situation, say) if n != "O"] == names


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "You have earned it",
            "You and Bo earned it",
            "name must be known from facts, memory, event, scene or actions, got 'Bo' - at"
            " one.txt:21; add it, or change 'You and Bo earned it twice.'",
        ),
        (
            "- A sack of rye costs nine pence.",
            "\n".join(f"- {'A rather long fact. ' * 11}{i}" for i in range(12)),
            "situation must have at most 2600 characters in JSON, got ",
        ),
        (
            "= grease_gears | afraid",
            "= say | afraid",
            "acts must be 0.45 to 0.65 of all answers, got 0.25 - at ",
        ),
    ],
)
def test_what_reads_well_and_teaches_ill_is_told(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    faults = faults_of(tmp_path, SHEET.replace(old, new))
    assert faults
    assert all(fault.startswith(message) for fault in faults)


def talk(*lines: str) -> str:
    acts = "player: Go!\n= go | sad | {0}\n", "player: Hm?\n= say | sad | {0}\n"
    said = "".join(acts[i % 2].format(line) for i, line in enumerate(lines))
    return f"# Al, cook\ncan:\n- say\n- go\n{said}"


def test_words_said_three_times_are_told_with_their_places(tmp_path: Path) -> None:
    assert faults_of(tmp_path, talk("Go away.", "Go away!")) == []
    assert faults_of(tmp_path, talk("Go away.", "Stay.", "Go away!", "Go, away.")) == [
        "answer must be said at most 2 times, got 'go away' - at one.txt:6, one.txt:10, one.txt:12"
    ]


def test_a_common_opening_is_told(tmp_path: Path) -> None:
    once = [f"Well, I never {word}." for word in ("do", "did", "saw")]
    assert faults_of(tmp_path, talk(*once, "No.")) == []
    assert faults_of(tmp_path, talk(*once, "Well, I never!")) == [
        "opening must begin at most 3 of 4 answers, not 4, got 'well i never' - at"
        " one.txt:6, one.txt:8, one.txt:10 and 1 more; begin some otherwise"
    ]


def test_lists_that_fit_no_sheet_are_told(tmp_path: Path) -> None:
    rows = ((14, "greeting"), (15, "greeting"), (14, "greetings"), (17, "greeting"))
    text = "".join(f"one.txt\t{line}\t{occasion}\n" for line, occasion in rows)
    (tmp_path / "occasions.tsv").write_text(text, encoding="utf-8")
    assert faults_of(tmp_path, SHEET, held_out_txt="one.txt: Al\n") == [
        "held-out character must have a sheet, got 'one.txt: Al' - at held_out.txt;"
        " name it 'file: name'",
        "line must be that of an answer, got 'one.txt:15' - at occasions.tsv:2",
        "occasion must be one of npcbrain.prompting.stock_lines that goes with "
        "talk, got 'greetings' - at"
        " occasions.tsv:3; it answers in one.txt:14",
        "occasion must be one of npcbrain.prompting.stock_lines that goes with "
        "a deed, got 'greeting' - at"
        " occasions.tsv:4; it answers in one.txt:17",
    ]


def test_the_command_tells_faults_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(folder_of(tmp_path))]) == 0
    assert capsys.readouterr().out.endswith(" 0 faults\n")
    assert main(["check", str(folder_of(tmp_path, SHEET.replace("afraid", "scared")))]) == 1
    assert "at one.txt:17; see README.md\n" in capsys.readouterr().out
    assert main(["json", str(tmp_path)]) == 1
    assert "at one.txt:17; see README.md\n" in capsys.readouterr().err


def test_the_command_writes_scenarios(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of(tmp_path, held_out_txt="one.txt: Hob Millward\n")
    assert main(["json", str(folder), "--split", "val"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out.splitlines()[2])["answer"]["args"] == {"sack": "rye", "to": "player"}
    (tmp_path / "val.jsonl").write_text(out, encoding="utf-8")
    (sheet,) = read_sheets(folder)
    scenarios = read_scenarios(tmp_path / "val.jsonl")
    assert [s.situation for s in scenarios] == [e.situation for e in sheet.examples]
    assert scenarios[1].id == "one:17-sighting"


def test_the_readme_shows_a_sheet_with_nothing_wrong(tmp_path: Path) -> None:
    readme = (DATA.parent / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```\n(# .*?)```", readme, re.DOTALL)
    assert faults_of(tmp_path, text) == []
    told = re.search(r"Emotions are (.*?)\.", readme)
    assert told
    assert set(re.split(r", | and ", told[1])) == set(EMOTIONS)


@pytest.fixture(scope="module")
def corpus() -> Report:
    return check(DATA)


def test_the_projects_own_sheets_are_many_and_have_no_fault(corpus: Report) -> None:
    assert corpus.faults == []
    assert corpus.num_exchanges >= 20_000
    assert corpus.num_words > 8000


def test_one_character_in_ten_is_held_out_of_many_files(corpus: Report) -> None:
    assert 0.08 < corpus.num_held_out / len(corpus.sheets) < 0.12
    names = held_out_names(DATA)
    assert len(names) == corpus.num_held_out
    files = {sheet.file for sheet in corpus.sheets}
    assert len({name.partition(":")[0] for name in names}) > len(files) / 3


def test_every_row_of_occasions_is_a_known_one_and_an_answer_once(corpus: Report) -> None:
    answers = {(sheet.file, str(line)) for sheet in corpus.sheets for line in sheet.lines}
    text = (DATA / "occasions.tsv").read_text(encoding="utf-8")
    rows = [row.split("\t") for row in text.splitlines()]
    assert {occasion for _, _, occasion in rows} <= set(OCCASIONS)
    places = [(file, line) for file, line, _ in rows]
    assert len(set(places)) == len(places) > 3000
    assert set(places) <= answers


def test_every_follow_up_remembers_the_exchange_before_it(corpus: Report) -> None:
    count = 0
    for sheet in corpus.sheets:
        lines = (DATA / sheet.file).read_text(encoding="utf-8").splitlines()
        for before, after, line in zip(
            sheet.examples, sheet.examples[1:], sheet.lines[1:], strict=False
        ):
            if lines[line - 2].startswith("+"):
                count += 1
                assert after.situation.memory[-1] == remembered(before), f"{sheet.file}:{line}"
    assert count > 2000
