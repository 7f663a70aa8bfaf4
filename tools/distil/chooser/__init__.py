"""The chooser: an encoder that decides what an NPC does and which line it quotes.

``net`` is the network, ``train`` teaches it on written exchanges, ``graphs`` and ``export`` put it
into a model's folder. Not the runtime, which is ``npcbrain.choosing``.
"""
