"""A village at dusk whose people think with npcbrain: the demonstration game.

Run it with ``python -m demo_game``. It needs pygame or pygame-ce; nothing in npcbrain imports it.
Everything on the screen is drawn by code. Its rooms, each importing only from those above it:

* ``world``     the map, and which way leads where
* ``drawing``   colours, canvas, letters
* ``scenery``   ground, houses, trees, light
* ``people``    figures, bodies, the cast
* ``story``     the mystery of the bell: who took it, who tells what, how it ends
* ``village``   all of it with its minds: here the game meets npcbrain
* ``panels``    what is on the screen
* ``playing``   the loop, keys, recordings; start reading at ``playing/game.py``

The people are in ``personas/*.json``, their days in ``trees/*.xml``, and the possible solutions of
the mystery in ``cases/*.json``.
"""
