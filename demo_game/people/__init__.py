"""Bodies: how people look, walk and stand, the player among them.

What they think is npcbrain's business, what they know is ``story``'s. Imports: ``world``,
``drawing``, ``scenery``.
"""
