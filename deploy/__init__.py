"""Serving the decision model to many game servers: a service, its Ray Serve app, load, capacity.

It uses npcbrain as a game does; nothing in npcbrain imports it.
"""
