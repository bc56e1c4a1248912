// What is being typed: choices made so far, then letters not yet chosen for. No DOM in here.

const READINGS = 2; // a segmentation that is rarely right costs a conversion
const LONGEST_WORD = 4;
const SENTENCES_WITH_WORDS = 3;
const MOST_LETTERS = 100;

export class Composition {
  #choices = []; // {text, letters}
  #justChosen = false;
  letters = '';
  context = '';

  get text() {
    return this.#chosen + this.letters;
  }

  get #chosen() {
    return this.#choices.map(choice => choice.text).join('');
  }

  // What to convert, and after which text.
  get request() {
    return {context: this.context + this.#chosen, letters: this.letters};
  }

  start(context) {
    this.#choices = [];
    this.#justChosen = false;
    this.letters = '';
    this.context = context;
  }

  // Takes a letter, or a border within letters; false if it is none.
  type(char) {
    if (!(/^[a-z]$/i.test(char) || (this.letters && /^['1-5]$/.test(char)))) return false;
    if (this.letters.length < MOST_LETTERS) {
      this.letters += char.toLowerCase();
      this.#justChosen = false;
    }
    return true;
  }

  // Takes back the choice just made; otherwise the last letter, and when none is left, the last
  // choice, whose letters are there again.
  backspace() {
    if (!this.#justChosen) this.letters = this.letters.slice(0, -1);
    if ((this.#justChosen || !this.letters) && this.#choices.length) {
      this.letters = this.#choices.pop().letters + this.letters;
    }
    this.#justChosen = false;
  }

  // Fixes a candidate; the text to commit, or '' if letters remain.
  choose({text, letters}) {
    this.#choices.push({text, letters: this.letters.slice(0, letters)});
    this.letters = this.letters.slice(letters);
    this.#justChosen = true;
    return this.letters ? '' : this.commit();
  }

  commit() {
    const {text} = this;
    this.start(this.context + text);
    return text;
  }
}

// Candidates for a request: sentences, then words at their beginning, then single hanzi; each with
// the number of letters that it stands for.
export async function candidates(converter, {context, letters}) {
  const {keys: limit} = converter.metadata.limits;
  let readings = converter.text.segment(letters, READINGS);
  if (!readings.length) return [{text: letters, letters: letters.length}];
  // Beginnings of two readings cannot be compared: they stand for different letters.
  if (readings[0].keys.length > limit) readings = readings.slice(0, 1);
  const sentences = [], words = [], hanzi = [];
  for (const {keys, ends} of readings) {
    const end = count => {
      let at = ends[count - 1];
      while (letters[at] === "'") at++; // an apostrophe goes with what it ends
      return at;
    };
    const count = Math.min(keys.length, limit);
    const found = await converter.convert(context, keys.slice(0, count));
    sentences.push(...found.map(one => ({...one, letters: end(count)})));
    for (let length = Math.min(LONGEST_WORD, count - 1); length > 1; length--) {
      for (const {text} of found.slice(0, SENTENCES_WITH_WORDS)) {
        words.push({text: [...text].slice(0, length).join(''), letters: end(length)});
      }
    }
    if (count > 1) {
      const single = await converter.convert(context, keys.slice(0, 1));
      hanzi.push(...single.map(({text}) => ({text, letters: end(1)})));
    }
  }
  sentences.sort((one, other) => other.score - one.score);
  const seen = new Set();
  return [...sentences, ...words, ...hanzi].filter(
    ({text}) => !seen.has(text) && seen.add(text));
}
