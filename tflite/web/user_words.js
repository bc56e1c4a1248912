// What the user has chosen before, in candidates and sentences; what is worth remembering: as
// keras_pinyin/ime/user_words.py has it.
import {user_words as tables} from './tables.js';
import {countHanzi, sliceHanzi} from './text.js';

const {GAIN, LONGEST, MOST_GAIN, SHORT, UNKNOWN} = tables;

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
        const found = newWords([...text], [...best], part.map(choice => countHanzi(choice.text)));
        const isNew = new Set(found.map(String));
        for (const place of this.#proposed(keys, best)) {
          if (!isNew.has(String(place))) found.push(place);
        }
        for (const [start, stop] of found) {
          const word = sliceHanzi(text, start, stop);
          await this.#learn(keys.slice(start, stop), word, isNew.has(`${start},${stop}`));
        }
      }
      context += text;
    }
  }

  async #learn(...choice) {
    try {
      await this.#store.learn(...choice);
      this.warning = '';
    } catch (error) { // typing goes on
      this.warning = error.message;
    }
  }

  // Places [start, stop] of the user's words in a sentence.
  #proposed(keys, best) {
    const places = new Map();
    for (let start = 0; start < keys.length; start++) {
      for (const {text, count} of this.words(keys.slice(start))) {
        const place = [start, start + count];
        const proposed = sliceHanzi(best, ...place) === text;
        if (proposed && (count > 1 || keys.length === 1)) places.set(String(place), place);
      }
    }
    return places.values();
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

// Places [start, stop] of words in hanzi that differ from those proposed. A word has also the
// neighbours that were chosen by themselves, and the hanzi that a choice begins with, as a surname
// does. A single hanzi put right in a long text is no word: it would come back where it is wrong.
function newWords(text, best, sizes) {
  if (text.length <= SHORT) return text.join('') === best.join('') ? [] : [[0, text.length]];
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
  for (const word of found) {
    const [first, last] = word;
    if (first && (alone.has(first - 1) || (begins.has(first - 1) && !begins.has(first)))) word[0]--;
    if (alone.has(last)) word[1]++;
  }
  return found.filter(([first, last]) => last - first > 1 && last - first <= LONGEST);
}
