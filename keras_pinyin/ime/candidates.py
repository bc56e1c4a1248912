"""Candidates for letters: sentences, then words for the first syllables, then single hanzi."""

import math
from collections import Counter, defaultdict
from dataclasses import replace

from keras_pinyin.ime.state import Candidate
from keras_pinyin.ime.user_words import LONGEST, TWICE
from keras_pinyin.ime.variants import emoji_for, forms
from keras_pinyin.text import standard_hanzi

# Of the letters: converted, and shown words and hanzi of; besides what is spelled exactly.
READINGS, SHOWN_READINGS = 3, 2
WINDOW = 32  # keys that are converted at once
SENTENCES = 3  # of input longer than a word
# Words by their number of keys: how many, and how many nats behind the best at most.
WORDS = {4: (2, 4.0), 3: (3, 4.0), 2: (8, 8.0)}
HANZI = 200  # single ones
EMOJI = 3  # candidates that may have some, and how many are shown after them
ODD = 8.0  # nats that a hanzi costs which is not a standard one: mostly traditional forms
JUNK = 12.0  # nats behind the best: no sentence to show
EXTENDED, FORETOLD = 3, 4  # predictions that are more than one hanzi, and their hanzi
SURE = 0.7  # probability of a hanzi that lengthens a prediction


class Proposer:
    """Proposes candidates, by a converter and a reader of letters.

    Args:
        converter: a `Converter`.
        letters: a `Letters`.
        user_words: a `UserWords`.

    Example:
        >>> from keras_pinyin.ime import Converter, Letters
        >>> from keras_pinyin.ime.user_words import UserWords
        >>> converter = Converter()
        >>> proposer = Proposer(converter, Letters(converter.lexicon.keys), UserWords())
        >>> found, spans = proposer.candidates("", "zhongguoren")
        >>> found[0].text, found[0].span, spans
        ('中国人', 11, ((0, 5), (5, 8), (8, 11)))
    """

    def __init__(self, converter, letters, user_words):
        self.converter, self.letters, self.user_words = converter, letters, user_words
        # Not `Lexicon.candidates`, which takes three times the memory.
        self._sounds = defaultdict(Counter)
        for hanzi, readings in converter.lexicon.entries.items():
            for reading, count in readings.items():
                self._sounds[reading.rstrip("12345")][hanzi] += count
        self._odd = set(converter.lexicon.entries).difference(standard_hanzi())
        self._window = min(WINDOW, converter.limits["keys"])

    def sentences(self, context, letters, n_best=10):
        """The likeliest texts for all the letters.

        Args:
            context: str, the text to the left.
            letters: str, as typed.
            n_best: int.

        Returns:
            A list of (text, score, reading), best first, without repeats: score is the converter's
            less the cost of the reading, and of hanzi that simplified text does not have.
        """
        return self._sentences(context, self.letters.readings(letters, READINGS), n_best)

    def _sentences(self, context, readings, n_best=10):
        found = {}
        for reading in readings:
            for text, score in self._convert(context, reading):
                score -= reading.cost + ODD * self._count_odd(text)
                if text not in found or found[text][0] < score:
                    found[text] = score, reading
        best = max((score for score, _ in found.values()), default=0.0)
        for reading in readings:
            for text, weight in self._chosen(reading, len(reading.keys)):
                if weight >= TWICE:
                    found[text] = best + weight, reading
        ranked = sorted(found.items(), key=lambda item: -item[1][0])
        return [(text, *scored) for text, scored in ranked[:n_best]]

    def candidates(self, context, letters):
        """What to show for letters.

        Args:
            context: str, the text to the left.
            letters: str, as typed, at least one.

        Returns:
            A list of `Candidate` without repeats, at least one, and the spans of the syllables of
            the first.
        """
        all_readings = self.letters.readings(letters, READINGS)
        sentences = self._sentences(context, all_readings)
        if not sentences:
            return [Candidate(letters, span=len(letters))], ((0, len(letters)),)
        readings = list({one[2].keys: one[2] for one in sentences}.values())
        shown = readings[:SHOWN_READINGS]
        if all(one.cost for one in shown):
            shown += [one for one in all_readings if not one.cost][:1]
        many = len(sentences) if len(readings[0].keys) in (1, *WORDS) else SENTENCES
        found = {}
        for text, score, reading in sentences[:many]:
            behind = sentences[0][1] - score
            last = len(reading.keys) == 1 and self._count_odd(text)  # of all single hanzi
            if behind == 0 or (behind < JUNK and not last):
                _add(found, text, len(reading.keys), reading)
        for length in range(LONGEST, 0, -1):
            for reading in shown:
                if length < max(len(reading.keys), 2):
                    for text in self._beginnings(context, reading, length, sentences[:many]):
                        _add(found, text, length, reading)
        return list(found.values()), readings[0].spans

    def next_words(self, context):
        """Predictions of what follows a text, a list of `Candidate`."""
        found = []
        for text, _ in self._next_hanzi(context):
            if self._count_odd(text):
                continue
            while len(found) < EXTENDED and len(text) < FORETOLD:
                hanzi, probability = self._next_hanzi(context + text)[0]
                if probability < SURE:
                    break
                text += hanzi
            found.append(Candidate(text))
        return found

    def _next_hanzi(self, context):
        """The likeliest next hanzi, best first, and their probabilities among themselves."""
        found = self.converter.predict(context)
        shares = [math.exp(score - found[0][1]) for _, score in found]
        return [(text, share / sum(shares)) for (text, _), share in zip(found, shares)]

    def _beginnings(self, context, reading, length, sentences):
        """What may stand for the first keys, best first; texts may come again."""
        if any(reading.literal[:length]):
            if length == 1:
                yield reading.keys[0]
            return
        yield from (text for text, _ in self._chosen(reading, length))
        keys = reading.keys[:length]
        if length in WORDS:
            yield from (text[:length] for text, _, whole in sentences if whole is reading)
            most, margin = WORDS[length]
            words = self.converter.convert(context, keys)
            near = (text for text, score in words if score > words[0][1] - margin)
            yield from [text for text in near if not self._count_odd(text)][:most]
        elif length == 1:
            texts = [text for text, _ in self.converter.convert(context, keys)]
            yield from sorted([*texts, *self._frequent(keys[0])], key=self._count_odd)

    def _count_odd(self, text):
        return sum(char in self._odd for char in text)

    def _frequent(self, key):
        """The hanzi of a key, a list, the most frequent first."""
        found = self._sounds.get(key)
        if found is None:  # the beginning of a syllable
            found = Counter()
            for sound, hanzi in self._sounds.items():
                if sound.startswith(key):
                    found.update(hanzi)
        return [hanzi for hanzi, _ in found.most_common(HANZI)]

    def _chosen(self, reading, length):
        """User words that stand for the first keys, with their weights, best first."""
        if any(reading.literal[:length]):
            return []
        words = self.user_words.words(reading.keys[:length])
        return [(text, weight) for text, count, weight in words if count == length]

    def _convert(self, context, reading):
        """(text, score) of a reading, best first: keys converted, literals as they are."""
        beams = [("", 0.0)]
        for keys, literal in _parts(reading):
            after = context + beams[0][0]
            found = [(keys[0], 0.0)] if literal else self._long(after, keys)
            beams = [(done + text, total + score) for done, total in beams for text, score in found]
            beams = sorted(beams, key=lambda beam: -beam[1])[:10]
        return beams

    def _long(self, context, keys):
        """Converts any number of keys: of all windows but the last, the beginnings stay."""
        done, total, step = "", 0.0, -(-3 * self._window // 4)
        while len(keys) > self._window:
            text, score = self._run(context + done, keys[: self._window])[0]
            done = done + text[:step]
            # What the beginning is worth: the window, less what comes again with the next one.
            total += score - self._run(context + done, keys[step : self._window])[0][1]
            keys = keys[step:]
        found = self._run(context + done, keys)
        return [(done + text, total + score) for text, score in found]

    def _run(self, context, keys):
        found = self.converter.convert(context, keys)
        return self.user_words.mix(self.converter, context, keys, found)


def dressed(candidates, options):
    """Candidates in the script that options ask for, with emoji after the first ones."""
    if options.script == "simplified" and not options.emoji:
        return candidates
    found = {}
    for candidate in candidates:
        for text in forms(candidate.text, options.script):
            found.setdefault(text, replace(candidate, text=text))
    found = list(found.values())
    if options.emoji:
        emoji = {
            char: Candidate(char, candidate.text, candidate.span)
            for candidate in candidates[:EMOJI]
            for char in emoji_for(candidate.text)
        }
        found[EMOJI:EMOJI] = list(emoji.values())[:EMOJI]
    return found


def _parts(reading):
    """Runs of keys, and literals each by itself, as (list of str, bool)."""
    parts = []
    for key, literal in zip(reading.keys, reading.literal):
        if literal or not parts or parts[-1][1]:
            parts.append(([], literal))
        parts[-1][0].append(key)
    return parts


def _add(found, text, count, reading):
    """Adds a candidate for the first keys of a reading, unless its text is there."""
    if text not in found:
        keys = () if any(reading.literal[:count]) else tuple(reading.keys[:count])
        found[text] = Candidate(text, span=reading.spans[count - 1][1], keys=keys)
