"""Serving the decision model to many game servers: a service, its Ray Serve app, load, capacity.

A guest of npcbrain like a game is; nothing in npcbrain imports it.
"""
