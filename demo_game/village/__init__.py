"""The whole village, which also runs without a screen: people, their trees, the runtime.

Here the game meets npcbrain. Imports: every room except ``panels`` and ``playing``.
"""
