// Slips of the fingers, and sounds that a typist does not tell apart, as keras_pinyin/ime/slips.py
// has them.
import {splitSyllable} from './schemes.js';
import {slips as tables} from './tables.js';

const {NEIGHBOURS} = tables;

// What may be typed instead of a string, with one slip: [kind, string].
export function* slips(typed) {
  for (let i = 0; i < typed.length; i++) {
    const letter = typed[i], before = typed.slice(0, i), after = typed.slice(i + 1);
    if (typed.length > 1) yield ['missing', before + after];
    if (after && after[0] !== letter) {
      yield ['swapped', before + after[0] + letter + after.slice(1)];
    }
    yield ['doubled', before + letter + letter + after];
    for (const other of NEIGHBOURS[letter] ?? '') yield ['neighbour', before + other + after];
  }
}

// What a key may be taken for by pairs of sounds like z/zh: a Map from other keys to how many of
// their sounds are others.
export function soundsLike(key, fuzzy) {
  const [initial, final] = splitSyllable(key);
  const initials = [initial], finals = [final];
  for (const pair of fuzzy) {
    const [one, other] = pair.split('/');
    if (/^[aei]/.test(one)) {
      for (const [a, b] of [[one, other], [other, one]]) {
        if (final.endsWith(a)) finals.push(final.slice(0, -a.length) + b);
      }
    } else if (initial === one || initial === other) {
      initials.push(initial === one ? other : one);
    }
  }
  const found = new Map();
  for (const a of initials) {
    for (const b of finals) {
      const others = (a !== initial) + (b !== final);
      if (others) found.set(a + b, others);
    }
  }
  return found;
}
