"""Everything put together that would also run without a screen: people, their trees, the runtime.

Here is where the game meets npcbrain. Imports: every room but ``panels`` and ``playing``.
"""
