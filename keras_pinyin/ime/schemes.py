"""How keys are spelled by what is pressed: full pinyin, double pinyin, nine-key pads.

A scheme is a function from a syllable, or the beginning of one, to the strings that spell it.
"""

from keras_pinyin.text.keys import split_syllable

PAD = {
    letter: digit
    for digit, letters in zip(
        "23456789", ("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz")
    )
    for letter in letters
}
# Double pinyin: what spells a final after an initial, where it is not the letter itself, and what
# stands for no initial ("" for the final's first letter). zh, ch and sh are v, i and u everywhere.
DOUBLE_PINYIN = {
    "xiaohe": (
        "ai:d an:j ang:h ao:c ei:w en:f eng:g ia:x ian:m iang:l iao:n ie:p in:b ing:k iong:s iu:q "
        "ong:s ou:z ua:x uai:k uan:r uang:l ue:t ve:t ui:v un:y uo:o",
        "",
    ),
    "ziranma": (
        "ai:l an:j ang:h ao:k ei:z en:f eng:g ia:w ian:m iang:d iao:c ie:x in:n ing:y iong:s iu:q "
        "ong:s ou:b ua:w uai:y uan:r uang:d ue:t ve:t ui:v un:p uo:o",
        "",
    ),
    "microsoft": (
        "ai:l an:j ang:h ao:k ei:z en:f eng:g er:r ia:w ian:m iang:d iao:c ie:x in:n ing:; iong:s "
        "iu:q ong:s ou:b ua:w uai:y uan:r uang:d ue:t ve:tv ui:v un:p uo:o v:y",
        "o",
    ),
}
RETROFLEX = {"zh": "v", "ch": "i", "sh": "u"}


def _full(initial, final):
    """Letters as they are; ü is ü, v, or u where no other syllable is spelled so."""
    spelled = [initial + final]
    if final.startswith("v"):
        spelled.append(f"{initial}ü{final[1:]}")
    if initial in ("j", "q", "x", "y") and final.startswith("u"):
        spelled.append(f"{initial}v{final[1:]}")
    elif initial in ("l", "n") and final == "ve":
        spelled.append(f"{initial}ue")
    return spelled


def _double(table, silent):
    """Two letters a syllable, by one of `DOUBLE_PINYIN`."""
    finals = dict(pair.split(":") for pair in table.split())

    def spell(initial, final):
        if initial:
            first = RETROFLEX.get(initial, initial)
            return [first + last for last in finals.get(final, final)] if final else [first]
        if silent:
            return [silent + last for last in finals.get(final, final)]
        if len(final) == 2:
            return [final]
        return [final[0] + finals.get(final, final)]

    return spell


def _nine_key(initial, final):
    return ["".join(PAD[letter] for letter in initial + final)]


SCHEMES = {
    "full": _full,
    **{name: _double(*spelling) for name, spelling in DOUBLE_PINYIN.items()},
    "nine-key": _nine_key,
}


def find_scheme(name):
    """The function of a scheme.

    Args:
        name: "full", "xiaohe", "ziranma", "microsoft" or "nine-key".

    Returns:
        A function from a syllable or the beginning of one to a list of its spellings.

    Raises:
        ValueError: if there is no such scheme.

    Example:
        >>> find_scheme("xiaohe")("zhuang"), find_scheme("nine-key")("zhuang")
        (['vl'], ['948264'])
    """
    if name not in SCHEMES:
        raise ValueError(f"There is no scheme {name!r}: choose from {', '.join(SCHEMES)}.")
    return lambda key: SCHEMES[name](*split_syllable(key))
