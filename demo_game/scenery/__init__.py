"""The village without its people: ground, houses, trees, light and weather.

Painted once while the game loads. Imports: ``world`` and ``drawing``.
"""
