"""Slips of the fingers, and sounds that a typist does not tell apart."""

from keras_pinyin.ime.schemes import PAD
from keras_pinyin.text.keys import split_syllable

# Each is what a typist may set; initials come first, then endings of finals.
FUZZY = ("z/zh", "c/ch", "s/sh", "n/l", "f/h", "an/ang", "en/eng", "in/ing")

SWAPPED, MISSING, DOUBLED, NEIGHBOUR = "swapped", "missing", "doubled", "neighbour"
ROWS = ("qwertyuiop", "asdfghjkl;", "zxcvbnm")


def _qwerty():
    """The letters beside each letter, on its row and on those above and below."""
    place = {c: (y, x + y / 2) for y, row in enumerate(ROWS) for x, c in enumerate(row)}
    return {
        a: "".join(
            b
            for b, (v, u) in place.items()
            if b != a and abs(y - v) <= 1 and abs(x - u) <= (1 if y == v else 0.5)
        )
        for a, (y, x) in place.items()
    }


def _pad():
    """The digits beside each digit of a pad of three columns."""
    place = {str(n + 1): divmod(n, 3) for n in range(9)}
    return {
        a: "".join(b for b, (v, u) in place.items() if abs(y - v) + abs(x - u) == 1 and b != "1")
        for a, (y, x) in place.items()
        if a in PAD.values()
    }


NEIGHBOURS = {**_qwerty(), **_pad()}


def slips(typed):
    """What may be typed instead of a string, with one slip.

    Args:
        typed: str of letters, or of digits of a pad.

    Yields:
        (kind, str): "swapped", "missing", "doubled" or "neighbour", and what comes of it.

    Example:
        >>> sorted({text for kind, text in slips("hao") if kind != "neighbour"})
        ['aho', 'ao', 'ha', 'haao', 'haoo', 'hhao', 'ho', 'hoa']
    """
    for i, letter in enumerate(typed):
        before, after = typed[:i], typed[i + 1 :]
        if len(typed) > 1:
            yield MISSING, before + after
        if after and after[0] != letter:
            yield SWAPPED, before + after[0] + letter + after[1:]
        yield DOUBLED, before + letter + letter + after
        for other in NEIGHBOURS.get(letter, ""):
            yield NEIGHBOUR, before + other + after


def sounds_like(key, fuzzy):
    """What a typist who does not tell sounds apart may take a key for.

    Args:
        key: str, a syllable or an initial.
        fuzzy: pairs of `FUZZY`.

    Returns:
        dict str -> int, how many sounds are taken for others; the key itself is not there.

    Raises:
        ValueError: if there is no such pair.

    Example:
        >>> sounds_like("zan", ["z/zh", "an/ang"])
        {'zang': 1, 'zhan': 1, 'zhang': 2}
    """
    for pair in fuzzy:
        if pair not in FUZZY:
            raise ValueError(f"There is no fuzzy pair {pair!r}: choose from {', '.join(FUZZY)}.")
    initial, final = split_syllable(key)
    initials, finals = [initial], [final]
    for pair in fuzzy:
        one, other = pair.split("/")
        if one[0] in "aei":
            for a, b in ((one, other), (other, one)):
                if final.endswith(a):
                    finals.append(final[: -len(a)] + b)
        elif initial in (one, other):
            initials.append(other if initial == one else one)
    return {
        a + b: (a != initial) + (b != final)
        for a in initials
        for b in finals
        if (a, b) != (initial, final)
    }
