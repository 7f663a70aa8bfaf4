"""A loaded model: its graphs, tokenizer and grammars.

It holds everything that engines share and makes prompts into tokens; it runs nothing. Invariant:
a ``Generation`` that it returns fits the model's context, even with the longest answer.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from npcbrain.errors import UsageError, fault
from npcbrain.lm.package import MARKED, ModelConfig, ModelPackage
from npcbrain.lm.reader_tables import ReaderTables

# The heavy packages (ONNX Runtime, llguidance, tokenizers) are imported by ``load``, so that
# importing npcbrain stays cheap and a game without a model needs none of them.
if TYPE_CHECKING:
    from npcbrain.lm.encoder import Encoder
    from npcbrain.lm.frame import Frame
    from npcbrain.lm.generation import Generation
    from npcbrain.lm.grammar import GrammarCompiler
    from npcbrain.lm.loading import Loading, Stage
    from npcbrain.lm.sessions import Sessions
    from npcbrain.lm.tokenizer import Tokenizer
    from npcbrain.lm.words import WordList

__all__ = ["Model"]

MAX_SLOTS = 64  # each costs about 10 MB of keys and values with the model that ships
NO_BIAS: Mapping[str, float] = {}
STANDARD = ReaderTables()
MAX_SEED = (1 << 128) - 1


class Model:
    """Make one with ``Model.load``, or ``Model.load_sliced`` while a title screen plays.

    Attributes:
        package: The files it was loaded from.
        config: Shapes.
        tokenizer: Text to tokens and back.
        grammars: Compiled grammars.
        sessions: The loaded graphs.
        num_slots: Answers that can be in the making at once.
        words: The words that may be said beside those of a prompt; None for any.
        frame: What stands around a prompt; None is one token on either side.
        reader_tables: The tables that its prompts are read with.
        drafts: Whether it guesses ahead, see ``load``.
        encoder: What chooses actions and quotes before words are written; None for a model that
            does all of it itself.
    """

    __slots__ = (
        "config",
        "drafts",
        "encoder",
        "frame",
        "grammars",
        "num_slots",
        "package",
        "reader_tables",
        "sessions",
        "tokenizer",
        "words",
    )

    def __init__(
        self,
        package: ModelPackage,
        tokenizer: Tokenizer,
        grammars: GrammarCompiler,
        sessions: Sessions,
        num_slots: int,
        words: WordList | None = None,
        encoder: Encoder | None = None,
        frame: Frame | None = None,
        reader_tables: ReaderTables = STANDARD,
        *,
        drafts: bool = False,
    ) -> None:
        self.package = package
        self.config: ModelConfig = package.config
        self.tokenizer = tokenizer
        self.grammars = grammars
        self.sessions = sessions
        self.num_slots = num_slots
        self.words = words
        self.frame = frame
        self.reader_tables = reader_tables
        self.drafts = drafts
        self.encoder = encoder

    @property
    def has_marks(self) -> bool:
        """Whether it was taught prompts with marks, and so may quote; see ``prompting.prompt``."""
        return self.package.format == MARKED

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        num_slots: int = 8,
        providers: str | Sequence[str] = "auto",
        threads: int = 1,
        drafts: bool = False,
    ) -> Model:
        """Checks and loads a model (half a second to a second: do it on the title screen).

        Args:
            path: A model folder; None is the model that ships.
            num_slots: Answers that can be in the making at once, 1 to 64; a slot costs memory.
            providers: ``"auto"``, ``"cpu"`` or names; see ``npcbrain.lm.sessions.session_steps``.
            threads: Threads of one step.
            drafts: Whether tokens that an answer may copy from the prompt are drafted ahead. An NPC
                that speaks alone speaks faster; four or more at once speak slower, because a draft
                cannot join their batch. ``python -m tools.bench.drafts`` measures both. Like the
                weights, it is part of the model: no schedule changes an answer, but switching
                drafts on changes a few in five hundred, by the last bits of a sum.

        Raises:
            ModelError: The model is missing, altered or not what its manifest says.
            UsageError: Another argument is out of range.
        """
        from npcbrain.lm.loading import exhaust

        return exhaust(cls._steps(path, num_slots, providers, threads, drafts))

    @classmethod
    def load_sliced(
        cls,
        path: str | Path | None = None,
        *,
        num_slots: int = 8,
        providers: str | Sequence[str] = "auto",
        threads: int = 1,
        drafts: bool = False,
    ) -> Loading[Model]:
        """Begins to load a model and returns at once, while a title screen goes on being drawn.

        The arguments are those of ``load``. Errors in the files are raised later, by the loading's
        ``step`` and ``model``.

        Returns:
            The loading, to be asked once a frame; see ``npcbrain.lm.loading.Loading``.

        Raises:
            UsageError: ``num_slots`` or ``threads`` is out of range.
        """
        from npcbrain.lm.loading import Loading

        return Loading(cls._steps(path, num_slots, providers, threads, drafts))

    @classmethod
    def _steps(
        cls,
        path: str | Path | None,
        num_slots: int,
        providers: str | Sequence[str],
        threads: int,
        drafts: bool,
    ) -> Generator[Stage, None, Model]:
        """Checks the arguments at once; returns a generator that loads the model piece by piece."""
        from npcbrain.lm.loading import load_steps
        from npcbrain.lm.sessions import check_threads

        _check_num_slots(num_slots)
        check_threads(threads)

        def steps() -> Generator[Stage, None, Model]:
            parts = yield from load_steps(path, providers, threads)
            package, tokenizer, grammars, sessions, words, encoder, frame, tables = parts
            return cls(
                package,
                tokenizer,
                grammars,
                sessions,
                num_slots,
                words,
                encoder,
                frame,
                tables,
                drafts=drafts,
            )

        return steps()

    @property
    def memory_tokens(self) -> int:
        """Tokens that the memories in a prompt may have together, as it was taught."""
        return self.package.memory_tokens

    @property
    def max_prompt(self) -> int:
        """How many tokens a prompt's text and the answer to it may have together."""
        frame = 2 if self.frame is None else sum(map(len, self.frame))
        return self.config.max_context - frame

    def generation(
        self,
        prefix: str,
        news: str,
        *,
        grammar: str,
        seed: int,
        action_prior: Sequence[tuple[str, float]] = (),
        logit_bias: Mapping[str, float] = NO_BIAS,
        begun: str = "",
        temperature: float = 0.0,
        top_p: float = 1.0,
        max_new_tokens: int = 64,
    ) -> Generation:
        """An answer to be written; give it to an engine.

        Costs about 0.3 ms for a prompt of 300 tokens, and 1 ms more if the grammar is new.

        Args:
            prefix: The part of the prompt that rarely changes; kept once computed.
            news: The part that changes with every event.
            grammar: What a legal answer looks like, in llguidance's Lark syntax.
            seed: Of this answer's own random generator, 0 or above.
            action_prior: Ways in which the answer may begin, each with the natural logarithm of
                its odds, judged before the model; see ``lm.action_prior``.
            logit_bias: Texts (a mark, or a mark and a number), each with a number that is added to
                the logit of its last token whenever the tokens before it have just been written.
            begun: The beginning of the answer, chosen already; the model goes on from there. The
                grammar must allow it.
            temperature: 0 to 2; 0 takes the likeliest token every time.
            top_p: See ``npcbrain.lm.sampler.SamplerConfig``.
            max_new_tokens: The answer is cut off at this many tokens.

        Raises:
            UsageError: The prompt is too long, the grammar is broken or forbids ``begun``, or a
                number is out of range.
        """
        from npcbrain.lm.action_prior import ActionPrior
        from npcbrain.lm.drafts import Drafter
        from npcbrain.lm.generation import Generation
        from npcbrain.lm.sampler import SamplerConfig

        where = "Model.generation()"
        limit = self.config.max_context
        if (
            isinstance(max_new_tokens, bool)
            or not isinstance(max_new_tokens, int)
            or not 1 <= max_new_tokens < limit
        ):
            raise UsageError(fault("max_new_tokens", f"be 1 to {limit - 1}", max_new_tokens, where))
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
            raise UsageError(fault("seed", "be an integer of 0 to 2**128 - 1", seed, where))
        config = SamplerConfig(temperature, top_p)
        tokenizer = self.tokenizer
        before, after = self.frame or ((tokenizer.bos_id,), (tokenizer.eos_id,))
        ids = [*before, *tokenizer.encode(prefix)]
        num_prefix = len(ids)
        ids += tokenizer.encode(news)
        ids += after
        answer = tokenizer.encode(begun)
        if len(ids) + len(answer) > limit - max_new_tokens:
            raise UsageError(
                fault(
                    "prompt",
                    f"have at most {limit - max_new_tokens} tokens",
                    len(ids),
                    where,
                    f"shorten it, or ask for less than {max_new_tokens} new tokens of the "
                    f"context's {limit}",
                )
            )
        stops = (*tokenizer.newline_ids, tokenizer.eos_id)
        return Generation(
            ids,
            num_prefix,
            tokenizer=tokenizer,
            matcher=self.grammars.matcher(grammar),
            words=self.words.guard(prefix + news) if self.words else None,
            action_prior=ActionPrior(
                [(tokenizer.encode(text), value) for text, value in action_prior]
            ),
            logit_bias=[(tokenizer.encode(text), value) for text, value in logit_bias.items()],
            drafter=Drafter(ids, stops) if self.drafts else None,
            config=config,
            seed=seed,
            max_new_tokens=max_new_tokens,
            begun=answer,
        )


def _check_num_slots(num_slots: object) -> None:
    whole = isinstance(num_slots, int) and not isinstance(num_slots, bool)
    if not whole or not 1 <= num_slots <= MAX_SLOTS:  # type: ignore[operator]
        rule = f"be an integer of 1 to {MAX_SLOTS}"
        raise UsageError(fault("num_slots", rule, num_slots, "Model.load()"))
