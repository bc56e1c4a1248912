"""Numbers stored as one of 16 levels, two in a byte."""

import numpy as np

LEVELS = 16
PAIRS = np.stack(np.divmod(np.arange(LEVELS**2, dtype="int32"), LEVELS), axis=-1)  # of a byte


def nearest(levels, values):
    """The number of the level, of sorted ones, that lies nearest to each value, uint8."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, values).astype(np.uint8)


def fitted_levels(values, rounds=30):
    """Levels that lie near values (Lloyd, 1982, "Least squares quantization in PCM")."""
    ordered, distinct = np.sort(values), np.unique(values)
    sums = np.r_[0.0, np.cumsum(ordered)]
    levels = distinct[np.linspace(0, len(distinct) - 1, LEVELS).round().astype(int)]
    for _ in range(rounds):
        ends = np.searchsorted(ordered, (levels[1:] + levels[:-1]) / 2, side="right")
        starts, ends = np.r_[0, ends], np.r_[ends, len(ordered)]
        size = ends - starts
        levels = np.where(size > 0, (sums[ends] - sums[starts]) / np.maximum(size, 1), levels)
    return levels


def packed(numbers):
    """Numbers of levels, uint8 `[n, 2 * m]`, as bytes `[n, m]`; `PAIRS` tells them again."""
    return (numbers[:, ::2] * LEVELS + numbers[:, 1::2]).astype(np.uint8)
