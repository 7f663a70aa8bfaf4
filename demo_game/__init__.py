"""A village at dusk whose people think with npcbrain: the demonstration game.

Run it with ``python -m demo_game``. It needs pygame; nothing in npcbrain imports it. Everything on
the screen is drawn by code. Start reading at ``game.py``; the behaviour trees are in ``trees.py``,
who the people are in ``personas/*.json``.
"""
