"""What the user has chosen before, in candidates and sentences; what is worth remembering."""

import logging

TWICE = 2.0  # weight from which a choice comes first
# Nats that a word gains over what else the model has for its keys: for each of them and each time
# it was chosen, and at most.
GAIN, MOST_GAIN = 3.0, 24.0
UNKNOWN = 2.0  # nats behind the last of a list: what is not in it
SHORT, LONGEST = 4, 16  # hanzi: of a text that is a word as a whole; of any word


class UserWords:
    """The words of a store; where it fails, typing goes on without.

    Args:
        store: None, a `UserStore`, or another object with its `candidates`, `overlapping`,
            `learn` and `close`.

    Attributes:
        warning: str, what was wrong with the store when it was last used; "" if nothing.
    """

    def __init__(self, store=None):
        self._store, self.warning = store, ""

    def words(self, keys):
        """Words that keys begin with, a list of (text, number of keys, weight), best first."""
        # What fails is not tried again at every key, but at the next choice.
        return [] if self.warning else self._ask("candidates", keys) or []

    def learn(self, converter, context, choices):
        """Remembers what was chosen against what was proposed.

        Where the text differs from the sentence proposed for its keys, there is a new word,
        however the pieces lie that it was chosen in. Known words that were proposed are
        strengthened if they stay, and weakened if not.

        Args:
            converter: a `Converter`.
            context: str, the text to the left.
            choices: list of `Candidate`.
        """
        if self._store is None:
            return
        for part in _parts(choices, converter.limits["keys"]):
            text = "".join(candidate.text for candidate in part)
            keys = [key for candidate in part for key in candidate.keys]
            if 0 < len(keys) <= converter.limits["keys"]:
                best = self.mix(converter, context, keys, converter.convert(context, keys))[0][0]
                proposed = self._known(keys, best)
                kept = {place: n for place, n in proposed.items() if _same(text, best, place)}
                learned = {place: {"new": False} for place in proposed}
                young = [place for place, weight in kept.items() if weight <= TWICE]
                for place, joined in _new(text, best, [len(c.text) for c in part], young):
                    shared = set() if joined else self._shared(converter, keys, text, place)
                    times = TWICE if joined or shared else 1
                    learned |= {word: {"times": times} for word in shared or [place]}
                for (start, stop), how in learned.items():
                    self._ask("learn", context, keys[start:stop], text[start:stop], **how)
            context += text

    def _known(self, keys, text):
        """Places (start, stop) of the user's words in a sentence, and their weights."""
        return {
            (start, start + count): weight
            for start in range(len(keys))
            for word, count, weight in self.words(keys[start:])
            if (count > 1 or len(keys) == 1) and text[start : start + count] == word
        }

    def _shared(self, converter, keys, text, place):
        """Places of what words learned before have in common with a text, a set.

        The same word in two sentences has other neighbours: what is left without them, is it. But
        where the word that was learned before ends, it may have been cut: then there are two.
        """
        found = {}
        for word, reading in self._ask("overlapping", text[slice(*place)]) or []:
            for shift in range(1 - len(word), len(text)):
                for start, stop, cut in _common(word, reading, shift, text, keys):
                    if min(stop, place[1]) - max(start, place[0]) > 1:
                        found[start, stop] = cut
        # What the model writes by itself is no new word.
        new = [
            (start, stop)
            for start, stop in found
            if converter.convert("", keys[start:stop])[0][0] != text[start:stop]
        ]
        if not new:
            return set()
        start, stop = max(new, key=lambda at: at[1] - at[0])
        before, after = found[start, stop]
        longer = min(start, place[0]) if before else start, max(stop, place[1]) if after else stop
        return {(start, stop), longer}

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


def _parts(candidates, limit):
    """Runs of candidates of at most so many keys, or one that has none."""
    parts, count = [], 0
    for candidate in candidates:
        count += len(candidate.keys)
        if not parts or not candidate.keys or not parts[-1][-1].keys or count > limit:
            parts.append([])
            count = len(candidate.keys)
        parts[-1].append(candidate)
    return parts


def _same(text, best, place):
    return text[slice(*place)] == best[slice(*place)]


def _common(word, reading, shift, text, keys):
    """Runs (start, stop, ends) of a text that a word, shifted along it, agrees with.

    Ends are whether it begins where the word does, and stops where the word does; not so for the
    whole word.
    """
    start = None
    for i in range(max(shift, 0), shift + len(word) + 1):
        at = i - shift
        same = i < len(text) and text[i : i + 1] == word[at : at + 1]
        if same and reading[at].startswith(keys[i]):
            start = i if start is None else start
        elif start is not None:
            part = i - start < len(word)
            yield start, i, (part and start == shift, part and at == len(word))
            start = None


def _new(text, best, sizes, known=()):
    """Words in a text that differs from what was proposed: ((start, stop), whether one is joined).

    A word has also the neighbours that were chosen by themselves, and the hanzi that a choice
    begins with, as a surname does. A single hanzi put right beside a known word is joined to it;
    elsewhere in a long text it is no word: it would come back where it is wrong.
    """
    if len(text) <= SHORT:
        return [((0, len(text)), False)] if text != best else []
    begins, alone = set(), set()
    for size in sizes:
        begins.add(place := sum(sizes[: len(begins)]))
        if size == 1:
            alone.add(place)
    differs = [i for i, (a, b) in enumerate(zip(text, best)) if a != b]
    found = []
    for i in differs:
        if found and i <= found[-1][1] + 1:  # one hanzi between two may be right by chance
            found[-1][1] = i + 1
        else:
            found.append([i, i + 1])
    for place in found:
        first, last = place
        if first and (first - 1 in alone or (first - 1 in begins and first not in begins)):
            place[0] -= 1
        if last in alone:
            place[1] += 1
    words = []
    for first, last in found:
        beside = [place for place in known if last - first == 1 and {*place} & {first, last}]
        for start, stop in beside:
            first, last = min(first, start), max(last, stop)
        if 1 < last - first <= LONGEST:
            words.append(((first, last), bool(beside)))
    return words
