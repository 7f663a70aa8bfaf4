"""The mystery of the shrine bell: who took it, who knows what, who tells, how it ends.

Plain rules and data; no screen, no bodies, no runtime. The possible solutions are in
``cases/*.json``. Imports: ``world``.
"""
