"""The language model: files, tokens, masks, keys and values; no frames, no NPCs, no clock.
 ``package`` and ``model`` open what is on disk, ``tokenizer`` and ``grammar`` turn text
into tokens and rules into masks, ``generation`` is one answer being written, ``kv``,
``prefix_cache``, ``slots`` and ``segments`` are what ``npcbrain.engine.engine`` runs steps with.
"""
