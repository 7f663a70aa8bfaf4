"""Small games with an NPC in them, one file each; ``python -m npcbrain.examples`` lists them.

They are games like any other: they use only npcbrain's public names, and nothing in npcbrain
imports them. The packages they draw with (pygame, arcade, pyglet, ursina) are not installed with
npcbrain.
"""
