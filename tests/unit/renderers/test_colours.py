"""Colours of tones can be read and told apart, also by people who see fewer of them."""

from __future__ import annotations

from itertools import combinations

import pytest

from rota_catalog.catalog import load

# Machado, Oliveira and Fernandes 2009, full severity, on linear RGB.
SIGHT = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
Linear = tuple[float, float, float]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("behind", ["page", "surface", "inset"])
def test_every_word_stands_out_from_what_is_behind_it(theme: str, behind: str) -> None:
    catalog = load()
    words = {name: tone[theme] for name, tone in catalog.tones.items()}
    words |= {name: catalog.surfaces[name][theme] for name in ("text", "muted", "accent")}

    ratios = {name: contrast(colour, catalog.surfaces[behind][theme]) for name, colour in words.items()}

    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", sorted(SIGHT))
def test_any_two_tones_differ_for_every_kind_of_sight(theme: str, sight: str) -> None:
    tones = {name: lab(seen(linear(tone[theme]), sight)) for name, tone in load().tones.items()}

    close = {
        (one, other): round(distance(tones[one], tones[other]), 1)
        for one, other in combinations(tones, 2)
        if distance(tones[one], tones[other]) < 15
    }

    assert close == {}


def test_text_on_the_accent_can_be_read() -> None:
    surfaces = load().surfaces

    assert contrast(surfaces["on-accent"]["light"], surfaces["accent"]["light"]) >= 4.5
    assert contrast(surfaces["on-accent"]["dark"], surfaces["accent"]["dark"]) >= 4.5


def linear(colour: str) -> Linear:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return r, g, b


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(linear(one)), luminance(linear(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(rgb: Linear) -> float:
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def seen(rgb: Linear, sight: str) -> Linear:
    r, g, b = (min(1.0, max(0.0, sum(m * c for m, c in zip(row, rgb, strict=True)))) for row in SIGHT[sight])
    return r, g, b


def lab(rgb: Linear) -> Linear:
    r, g, b = rgb
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(one: Linear, other: Linear) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5)
