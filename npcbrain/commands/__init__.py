"""The command line: ``npcbrain doctor``, ``decide``, ``evaluate``, ``tree`` and ``bench``.

A game never imports it.
"""
