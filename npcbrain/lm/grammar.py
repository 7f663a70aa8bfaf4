"""Which tokens may come next: grammars compiled, cached and followed.

A thin wrapper of ``llguidance``, which never raises: a matcher that meets trouble falls into an
error state and stays there, so every call here checks for it. It knows no prompt format: a grammar
is a string in Lark syntax, in which a mark stands for its token. Invariant: after a call of
``forced``, ``allows`` and ``mask`` agree on every token (before it, ``mask`` holds only the forced
token).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from llguidance import LLMatcher, LLParserLimits, LLTokenizer

from npcbrain.errors import EngineError, ModelError, UsageError, fault
from npcbrain.lm.panics import no_panic
from npcbrain.lm.tokenizer import Tokenizer

__all__ = ["GrammarCompiler", "Matcher"]

MAX_GRAMMARS = 128  # compiled ones that are kept; some 100 KB each, a few for each NPC

# A grammar is built from a game's action names, so it stays small; these are some ten times what 32
# actions with 32 values of 5 arguments need. Beyond them a mask could take longer than a frame.
MAX_GRAMMAR_SIZE = 50_000  # symbols
MAX_LEXER_STATES = 50_000  # 1 to 2 KB each
STEP_LEXER_FUEL = 50_000  # of one mask; about 14,000 a millisecond
STEP_MAX_ITEMS = 20_000  # parser items of one mask; about 20,000 a millisecond

SPOKEN_LETTERS = (b"e", b"t")  # if both may come next, it is hardly a list of names
MAX_FORCED = 32  # forced tokens appended in one go; the rest come with the next token


class Matcher:
    """Follows one answer through its grammar."""

    __slots__ = ("_bits", "_letters", "_matcher", "_vocab")

    def __init__(self, matcher: LLMatcher, vocab: int, letters: Sequence[int] = ()) -> None:
        """Takes over a matcher.

        Args:
            matcher: At the start of its grammar.
            vocab: How many tokens there are.
            letters: Two tokens, or none, both of which may come next in all free speech.
        """
        self._matcher = matcher
        self._vocab = vocab
        self._letters = letters
        self._bits = b""  # the mask as llguidance gave it; empty when it is not known

    def allows(self, token_id: int) -> bool:
        """Whether this token may come next; 1 to 5 us, against up to 100 for a mask."""
        allowed: int = self._matcher.validate_tokens([token_id])
        return allowed == 1

    def mask(self) -> np.ndarray:
        """All tokens that may come next, bool [vocab]; 5 to 100 us for 8192 tokens.

        Raises:
            EngineError: The matcher is in its error state.
        """
        if not self._bits:
            self._bits = self._matcher.compute_bitmask()
        self._check("mask()")
        bits = np.frombuffer(self._bits, dtype=np.uint8)
        return np.unpackbits(bits, count=self._vocab, bitorder="little").view(np.bool_)

    def push(self, token_id: int) -> None:
        """Takes the next token.

        Raises:
            EngineError: The grammar does not allow it.
        """
        self._matcher.consume_token(token_id)
        self._bits = b""
        self._check("push()")

    def forced(self) -> list[int]:
        """Takes and returns the tokens that must come next because nothing else may.

        First those ``llguidance`` finds by bytes; then those whose mask leaves one choice, such as
        the line feed after a name. The end-of-answer token is among them if it is the only choice.

        Raises:
            EngineError: The matcher is in its error state.
        """
        forced: list[int] = []
        while len(forced) < MAX_FORCED and not self._matcher.is_stopped():
            # In free speech two calls of 2 us save a search of 20 us and a mask of up to 100 us.
            if self._letters and all(map(self.allows, self._letters)):
                break
            ids: list[int] = self._matcher.compute_ff_tokens()
            if not ids:
                self._bits = self._matcher.compute_bitmask()
                choice = int.from_bytes(self._bits, "little")
                if choice == 0 or choice & (choice - 1):  # none, or more than one
                    break
                ids = [choice.bit_length() - 1]
            self._matcher.consume_tokens(ids)
            self._bits = b""
            self._check("forced()")
            forced += ids
        self._check("forced()")
        return forced

    @property
    def ended(self) -> bool:
        """Whether the answer must end here."""
        stopped: bool = self._matcher.is_stopped()
        return stopped

    def _check(self, call: str) -> None:
        if self._matcher.is_error():
            raise EngineError(
                fault("grammar", "go on", _first_line(self._matcher), f"Matcher.{call}")
            )


class GrammarCompiler:
    """Compiles grammars for one tokenizer and keeps the last ones."""

    __slots__ = ("_kept", "_letters", "_limits", "_lock", "_marks", "_tokenizer", "_vocab")

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Prepares the token trie (about 30 ms for 8192 tokens).

        Raises:
            ModelError: ``llguidance`` cannot work with the tokenizer.
        """
        self._vocab = tokenizer.num_tokens
        self._marks = {ord(mark): f"<[{index}]>" for mark, index in tokenizer.marks.items()}
        try:
            with no_panic():
                self._tokenizer = LLTokenizer(
                    _unspeakable(tokenizer.to_json()),
                    n_vocab=tokenizer.num_tokens,
                    eos_token=tokenizer.eos_id,
                )
        except Exception as error:  # the package raises ValueError, or an error of its Rust part
            rule = "be one that grammars can follow"
            raise ModelError(fault("tokenizer", rule, str(error), "GrammarCompiler()")) from error
        self._limits = LLParserLimits(
            max_grammar_size=MAX_GRAMMAR_SIZE,
            max_lexer_states=MAX_LEXER_STATES,
            step_lexer_fuel=STEP_LEXER_FUEL,
            step_max_items=STEP_MAX_ITEMS,
            verbose_errors=False,  # verbose errors dump the parser, thousands of lines
        )
        table = tokenizer.token_bytes
        letters = [table.index(letter) for letter in SPOKEN_LETTERS if letter in table]
        self._letters = letters if len(letters) == len(SPOKEN_LETTERS) else []
        self._kept: OrderedDict[str, LLMatcher] = OrderedDict()
        self._lock = Lock()
        # The very first mask takes a millisecond more than the others; it should not be in a frame.
        self.matcher("start: /[^\\n]+/").mask()

    def matcher(self, grammar: str) -> Matcher:
        """A matcher at the start of ``grammar``.

        About 1 ms when the grammar is new, some 10 us when it is among the last ``MAX_GRAMMARS``.

        Raises:
            UsageError: The text is not a grammar, or is beyond the limits.
        """
        with self._lock:  # runtimes that share a model may have a worker each
            kept = self._kept.get(grammar)
            if kept is None:
                kept = self._compile(grammar)
                if len(self._kept) >= MAX_GRAMMARS:
                    self._kept.popitem(last=False)
                self._kept[grammar] = kept
            else:
                self._kept.move_to_end(grammar)
            return Matcher(kept.deep_copy(), self._vocab, self._letters)

    def _compile(self, grammar: str) -> LLMatcher:
        matcher = LLMatcher(
            self._tokenizer,
            LLMatcher.grammar_from_lark(grammar.translate(self._marks)),
            log_level=0,
            limits=self._limits,
        )
        matcher.compute_bitmask()  # a grammar's first mask is its slowest; copies share the work
        if matcher.is_error():
            raise UsageError(
                fault(
                    "grammar",
                    "compile",
                    _first_line(matcher),
                    "GrammarCompiler.matcher()",
                    "offer fewer or simpler actions",
                )
            )
        return matcher


def _unspeakable(tokenizer_json: str) -> str:
    """The tokenizer with its control tokens under names that no text can hold.

    ``llguidance`` would otherwise read "<|im_end|>" in somebody's name as the token itself, force
    that token, and then find that the grammar does not allow it.
    """
    data = json.loads(tokenizer_json)
    vocab = data["model"]["vocab"]
    for token in data["added_tokens"]:
        if token["special"]:
            name = f"\0{token['id']}"
            if token["content"] in vocab:
                vocab[name] = vocab.pop(token["content"])
            token["content"] = name
    return json.dumps(data)


def _first_line(matcher: LLMatcher) -> str:
    message: str = matcher.get_error()
    return message.partition("\n")[0]
