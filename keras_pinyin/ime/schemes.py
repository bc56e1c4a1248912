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
# What spells a final after an initial, where it is not the letter itself. zh, ch and sh are v, i
# and u everywhere.
_XIAOHE = (
    "ai:d an:j ang:h ao:c ei:w en:f eng:g ia:x ian:m iang:l iao:n ie:p in:b ing:k iong:s iu:q "
    "ong:s ou:z ua:x uai:k uan:r uang:l ue:t ve:t ui:v un:y uo:o"
)
_ZIRANMA = (
    "ai:l an:j ang:h ao:k ei:z en:f eng:g ia:w ian:m iang:d iao:c ie:x in:n ing:y iong:s iu:q "
    "ong:s ou:b ua:w uai:y uan:r uang:d ue:t ve:t ui:v un:p uo:o"
)
_MICROSOFT = (
    "ai:l an:j ang:h ao:k ei:z en:f eng:g er:r ia:w ian:m iang:d iao:c ie:x in:n ing:; iong:s iu:q "
    "ong:s ou:b ua:w uai:y uan:r uang:d ue:t ve:tv ui:v un:p uo:o v:y"
)
_INITIALS = {"zh": "v", "ch": "i", "sh": "u"}


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
    """Two letters a syllable; `silent` is what stands for no initial, "" for the final's first."""
    finals = dict(pair.split(":") for pair in table.split())

    def spell(initial, final):
        if initial:
            first = _INITIALS.get(initial, initial)
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
    "xiaohe": _double(_XIAOHE, ""),
    "ziranma": _double(_ZIRANMA, ""),
    "microsoft": _double(_MICROSOFT, "o"),
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
