"""Promises of ``asking.work_price``: never below the last time, and no hiccup closes the door."""

from __future__ import annotations

from npcbrain.asking.work_price import WorkPrice

MS = 1_000_000


def test_what_took_long_is_dear_at_once_and_cheap_again_after_a_while() -> None:
    price = WorkPrice(MS)
    price.learn(5 * MS)
    assert price.ns == 5 * MS
    for _ in range(60):
        price.learn(MS // 4)
        assert price.ns >= MS // 4
    assert price.ns == MS // 4


def test_a_price_that_no_frame_could_pay_falls_until_it_is_tried() -> None:
    price = WorkPrice(8 * MS)
    num_frames = 1
    while not price.fits(0, 2 * MS, 2 * MS):
        num_frames += 1
    assert 10 < num_frames < 40


def test_a_price_that_only_did_not_fit_behind_other_work_stays() -> None:
    price = WorkPrice(MS)
    assert not price.fits(3_500_000, 4 * MS, 4 * MS)
    assert price.ns == MS
    assert price.fits(0, 4 * MS, 4 * MS)
