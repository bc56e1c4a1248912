"""What the user has chosen before, in candidates and sentences; what is worth remembering."""

import logging
import sqlite3

TWICE = 2.0  # weight from which a choice comes first
# Nats that a word once chosen gains over what else the model has for its keys, for each of its
# weight, and at most.
GAIN, MOST_GAIN = 4.0, 16.0
UNKNOWN = 2.0  # nats behind the last of a list: what is not in it
LONGEST = 8  # hanzi that are remembered as one word


class UserWords:
    """The words of a store; a store that fails is left alone, and typing goes on.

    Args:
        store: None, or an object with `candidates(keys)`, which gives (text, keys, weight) of the
            words that keys begin with, and `learn(context, keys, text)`.

    Attributes:
        warning: str, what is wrong with the store; "" if nothing.
    """

    def __init__(self, store=None):
        self._store, self.warning = store, ""

    def words(self, keys):
        """Words that keys begin with, a list of (text, number of keys, weight), best first."""
        found = self._ask("candidates", keys) or []
        return sorted(found, key=lambda word: -word[2])

    def learn(self, context, choices):
        """Remembers what was chosen piece by piece.

        Pieces of several hanzi are words, and so are hanzi chosen one after the other, as names
        are typed, and all together if it is short.

        Args:
            context: str, the text to the left.
            choices: list of `Candidate`.
        """
        for first, last in _words(choices):
            before = "".join(choice.text for choice in choices[:first])
            keys = [key for choice in choices[first:last] for key in choice.keys]
            text = "".join(choice.text for choice in choices[first:last])
            self._ask("learn", context + before, keys, text)

    def close(self):
        self._ask("close")

    def _ask(self, name, *arguments):
        if self._store is None:
            return None
        try:
            return getattr(self._store, name)(*arguments)
        except (sqlite3.Error, OSError, ValueError) as error:
            self._store = None
            self.warning = f"What you choose is not remembered any more: {error}"
            logging.getLogger(__name__).warning(self.warning)
            return None

    def mix(self, converter, context, keys, found):
        """Puts user words into sentences.

        A word of the user's may be one that the model finds unlikely: each time it was chosen
        counts for it as much as some nats.

        Args:
            converter: a `Converter`.
            context: str. keys: sequence of str. found: list of (sentence, score), best first.

        Returns:
            A list of (sentence, score), best first, with up to two new ones.
        """
        best, score = found[0]
        gains = []
        for start in range(len(keys)):
            for text, count, weight in self.words(keys[start:]):
                if best[start : start + count] != text:
                    part = converter.convert(context + best[:start], keys[start : start + count])
                    behind = part[0][1] - dict(part).get(text, part[-1][1] - UNKNOWN)
                    gain = min(GAIN * weight, MOST_GAIN) - behind
                    gains.append((gain, start, start + count, text))
        if not gains:
            return found
        gains.sort(reverse=True)
        mixed, taken = [[best, score]], []
        for gain, start, stop, text in gains:
            if gain > 0 and all(stop <= a or start >= b for a, b in taken):
                taken.append((start, stop))
                mixed[0][0] = mixed[0][0][:start] + text + mixed[0][0][stop:]
                mixed[0][1] += gain
        gain, start, stop, text = gains[0]
        if gain <= 0:  # at least to be chosen from
            mixed.append([best[:start] + text + best[stop:], score + gain])
        known = {text for text, _ in mixed}
        mixed += [one for one in found if one[0] not in known]
        return sorted(map(tuple, mixed), key=lambda one: -one[1])


def _words(choices):
    """Places [first, last) of choices that make a word."""
    found, first = [], 0
    while first < len(choices):
        last = first + 1
        if len(choices[first].keys) == 1:
            while last < len(choices) and len(choices[last].keys) == 1:
                last += 1
        found.append((first, last))
        first = last
    if len(found) > 1:
        found.append((0, len(choices)))
    for first, last in found:
        sizes = [len(choice.keys) for choice in choices[first:last]]
        if all(sizes) and sum(sizes) <= LONGEST:
            yield first, last
