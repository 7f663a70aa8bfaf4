"""Small games with an NPC in them, one file each; ``python -m npcbrain.examples`` lists them.

Guests like any other game: they use npcbrain's public names only, and nothing of npcbrain imports
them. What they draw with (pygame, arcade, pyglet, ursina) is not installed with npcbrain.
"""
