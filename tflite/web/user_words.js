// What the user has chosen before, in candidates and sentences; what is worth remembering: as
// keras_pinyin/ime/user_words.py has it.
import {user_words as tables} from './tables.js';
import {countHanzi, sliceHanzi} from './text.js';

const {GAIN, LONGEST, MOST_GAIN, SHORT, TWICE, UNKNOWN} = tables;

export class UserWords {
  #store;

  // store: a UserStore, or null. warning: why there is none, to be shown.
  constructor(store, warning = '') {
    this.#store = store;
    this.warning = warning;
  }

  // Words that keys begin with: {text, count, weight}, count keys each, best first.
  words(keys) {
    return this.#store?.candidates(keys) ?? [];
  }

  // Remembers what was chosen, candidates with their keys, against what was proposed. Where the text
  // differs from the sentence proposed for its keys, there is a new word, however the pieces lie that
  // it was chosen in. Known words that were proposed are strengthened if they stay, and weakened if
  // not.
  async learn(converter, context, choices) {
    if (!this.#store) return;
    const {keys: limit} = converter.metadata.limits;
    for (const part of parts(choices, limit)) {
      const text = part.map(choice => choice.text).join('');
      const keys = part.flatMap(choice => choice.keys);
      if (keys.length && keys.length <= limit) {
        const converted = await converter.convert(context, keys);
        const [{text: best}] = await this.mix(converter, context, keys, converted);
        for (const [place, times] of await this.#learned(converter, part, text, keys, best)) {
          await this.#learn(keys.slice(...place), sliceHanzi(text, ...place), times);
        }
      }
      context += text;
    }
  }

  // Places [start, stop] of words in a text, and how often each counts as chosen if it is new: 0 for
  // those that were only proposed.
  async #learned(converter, part, text, keys, best) {
    const found = new Map(), young = []; // by places as strings: Map compares lists by identity
    const put = (place, times) => found.set(String(place), [place, times]);
    for (const [place, weight] of this.#known(keys, best)) {
      put(place, 0);
      const kept = sliceHanzi(text, ...place) === sliceHanzi(best, ...place);
      if (kept && weight <= TWICE) young.push(place);
    }
    const sizes = part.map(choice => countHanzi(choice.text));
    for (const [place, joined] of newWords([...text], [...best], sizes, young)) {
      const shared = joined ? [] : await this.#shared(converter, keys, text, place);
      const times = joined || shared.length ? TWICE : 1;
      for (const word of shared.length ? shared : [place]) put(word, times);
    }
    return found.values();
  }

  // Places [start, stop] of what words learned before have in common with a text. The same word in
  // two sentences has other neighbours: what is left without them, is it. But where the word that was
  // learned before ends, it may have been cut: then there are two.
  async #shared(converter, keys, text, [first, last]) {
    const hanzi = [...text];
    let longest = null;
    for (const word of this.#store.overlapping(sliceHanzi(text, first, last))) {
      for (const common of commonRuns([...word.text], word.reading.split(' '), hanzi, keys)) {
        const {start, stop} = common;
        if (Math.min(stop, last) - Math.max(start, first) < 2) continue;
        if (longest && stop - start <= longest.stop - longest.start) continue;
        // What the model writes by itself is no new word.
        const [{text: plain}] = await converter.convert('', keys.slice(start, stop));
        if (plain !== sliceHanzi(text, start, stop)) longest = common;
      }
    }
    if (!longest) return [];
    const {start, stop, cutBefore, cutAfter} = longest;
    return [[start, stop], [cutBefore ? Math.min(start, first) : start, cutAfter ? Math.max(stop, last) : stop]];
  }

  async #learn(...choice) {
    try {
      await this.#store.learn(...choice);
      this.warning = '';
    } catch (error) { // typing goes on
      this.warning = error.message;
    }
  }

  // Places [start, stop] of the user's words in a sentence, and their weights.
  #known(keys, sentence) {
    const found = [];
    for (let start = 0; start < keys.length; start++) {
      for (const {text, count, weight} of this.words(keys.slice(start))) {
        const place = [start, start + count];
        const there = sliceHanzi(sentence, ...place) === text;
        if (there && (count > 1 || keys.length === 1)) found.push([place, weight]);
      }
    }
    return found;
  }

  // Sentences {text, score} for keys, best first, with words of the user's put in, which the model may
  // find unlikely: each time one was chosen counts for it as much as some nats. Single hanzi are no
  // words here.
  async mix(converter, context, keys, found) {
    const [{text: best, score}] = found;
    const gains = [];
    for (let start = 0; start < keys.length; start++) {
      for (const {text, count, weight} of this.words(keys.slice(start))) {
        const stop = start + count;
        if (count === 1 || sliceHanzi(best, start, stop) === text) continue;
        const before = context + sliceHanzi(best, 0, start);
        const part = await converter.convert(before, keys.slice(start, stop));
        const known = part.find(one => one.text === text)?.score ?? part.at(-1).score - UNKNOWN;
        const gain = Math.min(GAIN * count * weight, MOST_GAIN) - (part[0].score - known);
        gains.push({gain, start, stop, text});
      }
    }
    if (!gains.length) return found;
    gains.sort((one, other) => other.gain - one.gain);
    const put = (sentence, {gain, start, stop, text}) => ({
      text: sliceHanzi(sentence.text, 0, start) + text + sliceHanzi(sentence.text, stop),
      score: sentence.score + gain,
    });
    const mixed = [{text: best, score}], taken = [];
    for (const one of gains) {
      if (one.gain > 0 && taken.every(({start, stop}) => one.stop <= start || one.start >= stop)) {
        taken.push(one);
        mixed[0] = put(mixed[0], one);
      }
    }
    if (!taken.length) mixed.push(put(mixed[0], gains[0])); // at least to be chosen from
    const texts = mixed.map(one => one.text);
    mixed.push(...found.filter(one => !texts.includes(one.text)));
    return mixed.sort((one, other) => other.score - one.score);
  }
}

// Runs of candidates of at most so many keys, or one that has none.
function parts(candidates, limit) {
  const found = [];
  let count = 0;
  for (const candidate of candidates) {
    count += candidate.keys.length;
    if (!found.length || !candidate.keys.length || !found.at(-1).at(-1).keys.length || count > limit) {
      found.push([]);
      count = candidate.keys.length;
    }
    found.at(-1).push(candidate);
  }
  return found;
}

// Runs {start, stop} of hanzi that a word, shifted along them, agrees with; cutBefore is whether it
// begins where the word does, and cutAfter whether it stops there; not so for the whole word.
function* commonRuns(word, reading, hanzi, keys) {
  for (let shift = 1 - word.length; shift < hanzi.length; shift++) {
    let start = null;
    for (let stop = Math.max(shift, 0); stop <= shift + word.length; stop++) {
      const at = stop - shift;
      const same = at < word.length && hanzi[stop] === word[at] && reading[at].startsWith(keys[stop]);
      if (same) {
        start ??= stop;
      } else if (start !== null) {
        const part = stop - start < word.length;
        yield {
          start, stop, cutBefore: part && start === shift, cutAfter: part && at === word.length,
        };
        start = null;
      }
    }
  }
}

// Words in hanzi that differ from those proposed: [[start, stop], whether it is joined]. A word has
// also the neighbours that were chosen by themselves, and the hanzi that a choice begins with, as a
// surname does. A single hanzi put right beside a known word is joined to it; elsewhere in a long text
// it is no word: it would come back where it is wrong.
function newWords(text, best, sizes, known) {
  if (text.length <= SHORT) return text.join('') === best.join('') ? [] : [[[0, text.length], false]];
  const begins = new Set(), alone = new Set();
  let place = 0;
  for (const size of sizes) {
    begins.add(place);
    if (size === 1) alone.add(place);
    place += size;
  }
  const found = [];
  for (let i = 0; i < Math.min(text.length, best.length); i++) {
    if (text[i] === best[i]) continue;
    if (found.length && i <= found.at(-1)[1] + 1) found.at(-1)[1] = i + 1; // right by chance between
    else found.push([i, i + 1]);
  }
  return found.map(([first, last]) => {
    let start = first, stop = last;
    if (first && (alone.has(first - 1) || (begins.has(first - 1) && !begins.has(first)))) start--;
    if (alone.has(last)) stop++;
    const beside = known.filter(([from, to]) => stop - start === 1
      && [from, to].some(end => end === start || end === stop));
    for (const [from, to] of beside) {
      start = Math.min(start, from);
      stop = Math.max(stop, to);
    }
    return [[start, stop], beside.length > 0];
  }).filter(([[start, stop]]) => stop - start > 1 && stop - start <= LONGEST);
}
