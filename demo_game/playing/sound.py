"""The sounds of the village, all computed: a bell, a thud, a chime, a murmur for each voice.

Invariant: without a sound device, or switched off, every call does nothing.
"""

from __future__ import annotations

import math

import numpy as np
import pygame

from demo_game.village.happening import Kind

__all__ = ["Sound"]

RATE = 22_050
VOLUME = 0.32
SYLLABLE_FRAMES = 7  # between two murmurs of a speaker
# Pitch of each voice in Hz.
VOICES = {
    "greta": 232.0,
    "borin": 98.0,
    "edda": 176.0,
    "willow": 262.0,
    "pip": 392.0,
    "tam": 124.0,
    "mira": 294.0,
}


class Sound:
    """Plays them."""

    def __init__(self, *, is_on: bool) -> None:
        self.is_on = is_on
        self._sounds: dict[str, pygame.mixer.Sound] = {}
        self._spoken: dict[str, int] = {}
        self._frame = 0
        self._open()

    def toggle(self) -> None:
        """Switches it on or off; on only if there is a device."""
        self.is_on = not self.is_on
        self._open()

    def _open(self) -> None:
        """Opens the device if sound is on; without one it is off."""
        try:
            if self.is_on and not pygame.mixer.get_init():
                pygame.mixer.init(RATE, -16, 1, 512)
        # A pygame that was built without its mixer raises NotImplementedError.
        except (pygame.error, NotImplementedError, ImportError):
            self.is_on = False

    def play(self, kind: Kind) -> None:
        """The sound of something that happened."""
        name = {
            Kind.CLUE: "chime",
            Kind.FOUND: "bell",
            Kind.ENDED: "bell",
            Kind.BLOW: "thud",
            Kind.GIFT: "pluck",
            Kind.LIKED: "pluck",
            Kind.ACCUSED: "drum",
        }.get(kind)
        if name is not None:
            self._play(name)

    def murmur(self, name: str, speech: str) -> None:
        """Plays a speaker's voice as the words come; call it once a frame for each speaker."""
        self._frame += 1
        length = len(speech)
        if length > self._spoken.get(name, 0) and self._frame % SYLLABLE_FRAMES == 0:
            self._play(name)
        self._spoken[name] = length

    def _play(self, name: str) -> None:
        if not self.is_on:
            return
        if name not in self._sounds:
            self._sounds[name] = _sound(name)
        self._sounds[name].play()


def samples(name: str) -> np.ndarray:
    """A sound by name, as numbers from -1 to 1."""
    if name in VOICES:
        return _tone(VOICES[name], 0.07, [1.0, 0.4, 0.2], decay=22.0)
    if name == "bell":  # the partials of a church bell: hum, prime, tierce, quint, nominal
        parts = [(0.5, 0.6), (1.0, 1.0), (1.2, 0.5), (1.5, 0.3), (2.0, 0.7), (2.67, 0.25)]
        tones = [_tone(440.0 * high, 2.6, [loud], decay=1.3 * high) for high, loud in parts]
        return np.asarray(np.sum(tones, axis=0) / 3)
    if name == "chime":
        return np.concatenate(
            [_tone(659.0, 0.10, [1.0, 0.3], decay=9.0), _tone(988.0, 0.32, [1.0, 0.3], decay=9.0)]
        )
    if name == "pluck":
        return _tone(523.0, 0.18, [1.0, 0.5, 0.3], decay=16.0)
    if name == "drum":
        return _tone(82.0, 0.5, [1.0, 0.5], decay=8.0)
    noise = np.random.default_rng(1).uniform(-1, 1, RATE // 6)
    fall = np.exp(-np.arange(noise.size) / RATE * 28.0)
    return np.convolve(noise, np.ones(24) / 24, "same") * fall * 2.2


def _tone(pitch: float, seconds: float, partials: list[float], *, decay: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    wave = sum(
        loud * np.sin(math.tau * pitch * (number + 1) * time)
        for number, loud in enumerate(partials)
    )
    rise = np.minimum(1.0, time * 400.0)  # a wave that starts at full height clicks
    return wave * np.exp(-time * decay) * rise / sum(partials)


def _sound(name: str) -> pygame.mixer.Sound:
    _, _, channels = pygame.mixer.get_init()
    wave = np.clip(samples(name) * VOLUME, -1, 1)
    whole = (wave * 32767).astype(np.int16)
    return pygame.mixer.Sound(buffer=np.repeat(whole, channels).tobytes())
