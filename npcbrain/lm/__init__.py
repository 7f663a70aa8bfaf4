"""The language model: files, tokens, masks, keys and values; no frames, no NPCs, no clock.

``package`` and ``model`` open the files on disk, ``tokenizer`` and ``grammar`` turn text into
tokens and rules into masks, ``generation`` is one answer being written; with ``kv``,
``prefix_cache``, ``slots`` and ``segments``, ``npcbrain.engine.engine`` runs its steps.
"""
