"""Bodies: how people look, walk and stand, the player among them.

npcbrain decides what they think, ``story`` what they know. Imports: ``world``, ``drawing``,
``scenery``.
"""
