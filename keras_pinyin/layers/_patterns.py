"""Rows of trained numbers stored as patterns, a byte for several numbers."""

import warnings

import numpy as np

CODES = 256  # patterns that a byte can tell apart
SAMPLE = 1 << 16  # parts of rows that patterns are fitted to
LEAST = 1e-6  # a shorter axis, beside the longest, is no direction


def fitted_patterns(table, part, importance=None):
    """Patterns near the rows of a table (Jégou et al., 2011, "Product Quantization for Nearest
    Neighbor Search").

    Args:
        table: float `[rows, width]`.
        part: int, numbers that a byte stands for; divides `width`.
        importance: float `[rows]`, how much an error in each row matters; all alike by default.

    Returns:
        codes: uint8 `[rows, width / part]`. patterns: float32 `[width / part * 256, part]`.
    """
    from scipy.cluster.vq import kmeans2, vq

    table = np.asarray(table, "float32")
    rng = np.random.default_rng(0)
    drawn = rng.choice(len(table), SAMPLE, p=_shares(importance, len(table)))
    codes, patterns = [], []
    for first in range(0, table.shape[1], part):
        rows = np.ascontiguousarray(table[:, first : first + part])
        sample = rows[drawn]
        distinct = np.unique(sample[sample.any(axis=1)], axis=0)
        count = min(len(distinct), CODES - 1)
        fitted = np.zeros((CODES, part), np.float32)  # one pattern for what was never met
        if count:
            start = distinct[rng.choice(len(distinct), count, replace=False)]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a pattern that nothing is near stays as it was
                fitted[:count] = kmeans2(sample, start, iter=20, minit="matrix")[0]
        codes.append(vq(rows, fitted)[0])
        patterns.append(fitted)
    return np.stack(codes, axis=1).astype(np.uint8), np.concatenate(patterns)


def even_axes(spread, rows, importance, parts):
    """Axes along which patterns lose least of the products of two tables.

    An error in a row of the second table counts for as much as the first is spread out where it
    lies: along these axes the first is spread alike. The second is spread as independently as can
    be, and each part has as much of it as the others (Ge et al., 2013, "Optimized Product
    Quantization for Approximate Nearest Neighbor Search").

    Args:
        spread: float `[width, width]`, mean outer product of what the second table is multiplied
            with.
        rows: float `[rows, width]`, the second table.
        importance: float `[rows]`, or None.
        parts: int, bytes of a row.

    Returns:
        Two float64 `[width, width]`, to multiply the first table and the second with: all products
        of both stay as they are.
    """
    size, axes = np.linalg.eigh(np.asarray(spread, "float64"))
    if size[-1] <= 0:
        size = np.ones(len(size))
    size = np.sqrt(np.maximum(size, LEAST * size[-1]))
    rows = np.asarray(rows, "float64") @ (axes * size)
    found, turn = np.linalg.eigh((rows * _shares(importance, len(rows))[:, None]).T @ rows)
    length = np.log(np.maximum(found, LEAST * found[-1] + np.finfo(float).tiny))
    length -= length.min()
    volume, held = np.zeros(parts), [[] for _ in range(parts)]
    for axis in np.argsort(-found):  # the longest left to where the volume is smallest
        room = [i for i in range(parts) if len(held[i]) < len(found) // parts]
        part = min(room, key=volume.__getitem__)
        held[part].append(axis)
        volume[part] += length[axis]
    turn = turn[:, np.concatenate(held)]
    return (axes / size) @ turn, (axes * size) @ turn


def _shares(importance, count):
    """Shares of importance that sum to 1, alike if there is none."""
    if importance is None or not np.any(importance):
        return np.full(count, 1 / count)
    shares = np.maximum(np.asarray(importance, "float64"), 0)
    return shares / shares.sum()
