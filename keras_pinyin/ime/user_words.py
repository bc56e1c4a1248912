"""What the user has chosen before, in candidates and sentences; what is worth remembering."""

import logging

TWICE = 2.0  # weight from which a choice comes first
# Nats that a word gains over what else the model has for its keys: for each of them and each time
# it was chosen, and at most.
GAIN, MOST_GAIN = 3.0, 24.0
UNKNOWN = 2.0  # nats behind the last of a list: what is not in it
LONGEST = 8  # hanzi that are remembered as one word


class UserWords:
    """The words of a store; where it fails, typing goes on without.

    Args:
        store: None, a `UserStore`, or another object with its `candidates`, `learn` and `close`.

    Attributes:
        warning: str, what was wrong with the store when it was last used; "" if nothing.
    """

    def __init__(self, store=None):
        self._store, self.warning = store, ""

    def words(self, keys):
        """Words that keys begin with, a list of (text, number of keys, weight), best first."""
        # What fails is not tried again at every key, but at the next choice.
        return [] if self.warning else self._ask("candidates", keys) or []

    def learn(self, context, choices):
        """Remembers what was chosen piece by piece.

        Pieces of several hanzi are words, and so are hanzi chosen one after the other, as names
        are typed, and all together if it is short. What was proposed first anyway is not new.

        Args:
            context: str, the text to the left.
            choices: list of (`Candidate`, the letters it stands for, whether proposed first).
        """
        candidates = [candidate for candidate, _, _ in choices]
        for first, last in _words(candidates):
            before = "".join(candidate.text for candidate in candidates[:first])
            keys = [key for candidate in candidates[first:last] for key in candidate.keys]
            text = "".join(candidate.text for candidate in candidates[first:last])
            new = last > first + 1 or not choices[first][2]
            self._ask("learn", context + before, keys, text, new=new)

    def close(self):
        self._ask("close")

    def _ask(self, name, *arguments, **options):
        if self._store is None:
            return None
        try:
            found = getattr(self._store, name)(*arguments, **options)
            self.warning = ""
            return found
        except ValueError as error:
            self.warning = str(error)
            logging.getLogger(__name__).warning("%s", error)
            return None

    def mix(self, converter, context, keys, found):
        """Puts user words into sentences.

        A word of the user's may be one that the model finds unlikely: each time it was chosen
        counts for it as much as some nats. Single hanzi are no words here.

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
                if count > 1 and best[start : start + count] != text:
                    part = converter.convert(context + best[:start], keys[start : start + count])
                    behind = part[0][1] - dict(part).get(text, part[-1][1] - UNKNOWN)
                    gain = min(GAIN * count * weight, MOST_GAIN) - behind
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


def _words(candidates):
    """Places [first, last) of candidates that make a word."""
    found, first = [], 0
    while first < len(candidates):
        last = first + 1
        if len(candidates[first].keys) == 1:
            while last < len(candidates) and len(candidates[last].keys) == 1:
                last += 1
        found.append((first, last))
        first = last
    if len(found) > 1:
        found.append((0, len(candidates)))
    for first, last in found:
        sizes = [len(candidate.keys) for candidate in candidates[first:last]]
        if all(sizes) and sum(sizes) <= LONGEST:
            yield first, last
