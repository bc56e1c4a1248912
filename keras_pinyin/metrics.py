"""Accuracy of conversion."""

import numpy as np


def equal_characters(best, gold):
    """Characters of `best` that stand where `gold` has them."""
    return sum(a == b for a, b in zip(best, gold))


def score_conversions(candidates, golds, *, samples=1000, seed=1):
    """Character and sentence accuracy of converted inputs.

    Args:
        candidates: list of lists of str, best first, one list an input.
        golds: list of str, what was meant.
        samples: int, bootstrap samples of the interval.
        seed: int.

    Returns:
        dict: `characters` (share of positions that are right in the best candidate), `low` and
        `high` (its 95% interval over inputs, by bootstrap), `sentences_1`, `sentences_5`,
        `sentences_10` (share of inputs found whole among so many candidates), `inputs`.

    Raises:
        ValueError: if there is nothing to score, or the two lists differ in length.

    Example:
        >>> result = score_conversions([["你好"], ["再间", "再见"]], ["你好", "再见"])
        >>> result["characters"], result["sentences_1"], result["sentences_5"]
        (0.75, 0.5, 1.0)
    """
    if not golds or len(candidates) != len(golds):
        raise ValueError(f"{len(candidates)} conversions for {len(golds)} inputs: give one each.")
    right = np.array([equal_characters(c[0] if c else "", g) for c, g in zip(candidates, golds)])
    sizes = np.array([len(g) for g in golds])
    chosen = np.random.default_rng(seed).integers(0, len(golds), (samples, len(golds)))
    spread = np.sort(right[chosen].sum(1) / sizes[chosen].sum(1))
    found = {
        f"sentences_{n}": sum(g in c[:n] for c, g in zip(candidates, golds)) / len(golds)
        for n in (1, 5, 10)
    }
    return {
        "inputs": len(golds),
        "characters": float(right.sum() / sizes.sum()),
        "low": float(spread[int(0.025 * samples)]),
        "high": float(spread[int(0.975 * samples) - 1]),
        **found,
    }


def score_corrections(written, corrected, meant):
    """Precision, recall and F1 of spelling correction, over characters.

    Args:
        written, corrected, meant: int arrays of one shape, ids; padding is equal in all three.

    Returns:
        dict of floats: `detection_precision` (of what was changed, how much was wrong),
        `detection_recall` (of what was wrong, how much was changed), `detection_f1`; the same with
        `correction_`, where a change counts if it is the right one; `spoilt`, the share of rows
        without a fault that were changed.

    Example:
        >>> result = score_corrections(
        ...     np.array([[1, 9, 3], [4, 5, 6]]),  # 9 should be 2
        ...     np.array([[1, 2, 3], [4, 5, 7]]),  # 7 was right as 6
        ...     np.array([[1, 2, 3], [4, 5, 6]]),
        ... )
        >>> result["correction_precision"], result["correction_recall"], result["spoilt"]
        (0.5, 1.0, 1.0)
    """
    wrong, changed = written != meant, corrected != written
    result = {}
    for name, hit in (
        ("detection", wrong & changed),
        ("correction", changed & (corrected == meant)),
    ):
        result[f"{name}_precision"] = hit.sum() / max(changed.sum(), 1)
        result[f"{name}_recall"] = hit.sum() / max(wrong.sum(), 1)
        result[f"{name}_f1"] = 2 * hit.sum() / max(changed.sum() + wrong.sum(), 1)
    faultless = ~wrong.any(axis=-1)
    result["spoilt"] = changed[faultless].any(axis=-1).sum() / max(faultless.sum(), 1)
    return {name: float(value) for name, value in result.items()}
