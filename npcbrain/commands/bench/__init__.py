"""``npcbrain bench``: what thinking costs a game's frames, measured by playing."""
