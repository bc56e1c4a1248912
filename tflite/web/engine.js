// The engine as hosts see it: keys in, a state to show and text to commit out, as
// keras_pinyin/ime/engine.py does. No DOM in here.
import {Composition} from './composition.js';
import {engine as tables, punctuation} from './tables.js';

const {KEPT, MOST_LETTERS} = tables;
const {MARKS, PAIRS} = punctuation;
// Those that write, and those that must not act on the text while letters are there.
export const KEYS =
  /^(.|Backspace|Delete|Enter|Escape|Tab|PageUp|PageDown|Home|End|Arrow(Up|Down|Left|Right))$/u;
const STEPS = {ArrowUp: -1, ArrowDown: 1, Tab: 1};
const PAGES = {PageUp: -1, '-': -1, PageDown: 1, '=': 1};

export class Engine {
  #line = new Composition();
  #context = '';
  #commit = '';
  #found = []; // candidates
  #spans = [];
  #at = 0; // the one that is highlighted
  #stale = false; // candidates are of what was typed before
  #refreshing = null;
  #alphabet = new Set(); // what spells syllables
  #warning = '';
  #lasting = false; // the browser was asked to keep what is learned

  // ask: a function from a name and a request to a promise, as `startWorker` gives.
  // changed: called when there is something else to show. failed: given errors of `ask`.
  constructor(ask, {changed = () => {}, failed = console.error} = {}) {
    Object.assign(this, {ask, changed, failed});
  }

  // Takes options, named as in keras_pinyin.ime.Options, while nothing is typed; first of all.
  async configure(options) {
    const {alphabet} = await this.ask('configure', options);
    this.#alphabet = new Set(alphabet);
    this.options = options;
    this.#show([]);
  }

  get pageSize() {
    return this.options.page_size;
  }

  get composing() {
    return Boolean(this.#line.letters);
  }

  get busy() {
    return Boolean(this.#refreshing);
  }

  // What to show: syllables apart, the caret in them, the candidates on the page.
  get state() {
    const {text, letters, caret} = this.#line;
    const starts = new Set(this.#spans.slice(1).map(([start]) => start));
    const apart = [...letters].map((letter, i) => (
      starts.has(i) && letters[i - 1] !== "'" ? ` ${letter}` : letter));
    const page = Math.floor(this.#at / this.pageSize);
    return {
      preedit: text + apart.join(''),
      caret: text.length + apart.slice(0, caret).join('').length,
      candidates: this.#found.slice(page * this.pageSize, (page + 1) * this.pageSize),
      page,
      pages: Math.ceil(this.#found.length / this.pageSize),
      highlighted: this.composing && this.#found.length ? this.#at % this.pageSize : -1,
      warning: this.#warning,
    };
  }

  setContext(text) {
    text = text.slice(-KEPT);
    const same = text.endsWith(this.#context) || this.#context.endsWith(text);
    this.#context = text;
    if (!same && !this.composing) this.#show([]); // predictions were for another place
  }

  takeCommit() {
    const text = this.#commit;
    this.#commit = '';
    return text;
  }

  // Whether it takes a key, by its name in KeyboardEvent.key.
  wants(key) {
    if (this.composing) return KEYS.test(key);
    return this.#spells(key) || key in MARKS || key in PAIRS
      || (this.#found.length > 0 && (key === 'Escape' || key in PAGES || this.#index(key) >= 0));
  }

  // Takes a key; false if it is the application's.
  async press(key) {
    return this.composing ? this.#compose(key) : this.#idle(key);
  }

  // Chooses a candidate of the page.
  choose(index) {
    const candidate = this.state.candidates[index];
    if (!candidate || this.#stale) return; // too late: more was typed
    if (!this.composing) {
      this.#write(candidate.text);
      return;
    }
    this.#line.choose(candidate);
    if (this.composing) this.#show(null);
    else this.#finish();
  }

  async #compose(key) {
    const line = this.#line;
    if (this.#spells(key) || key === "'") {
      if (line.letters.length < MOST_LETTERS) line.insert(key);
    } else if (key === ' ' || this.#index(key) >= 0) {
      return this.#choose(key);
    } else if (key in STEPS || key in PAGES) {
      await this.refresh();
      return this.#browse(key);
    } else if (key === 'Enter') {
      return this.#finish();
    } else if (key === 'Escape') {
      line.clear();
    } else if (key === 'Backspace') {
      line.backspace();
    } else if (key === 'Delete') {
      line.delete();
    } else if (key === 'ArrowLeft' || key === 'ArrowRight') {
      line.move(line.caret + (key === 'ArrowRight' ? 1 : -1));
    } else if (key === 'Home' || key === 'End') {
      line.move(key === 'End' ? line.letters.length : 0);
    } else {
      while (this.composing) await this.#choose(' ', 0);
      return this.#idle(key);
    }
    return this.#show(line.letters ? null : []);
  }

  #idle(key) {
    if (this.#spells(key)) {
      this.#line.insert(key);
      return this.#show(null);
    }
    if (this.#found.length) {
      if (this.#index(key) >= 0 && this.state.candidates[this.#index(key)]) return this.#choose(key);
      if (key === 'PageUp' || key === 'PageDown') return this.#browse(key);
      this.#show([]);
      if (key === 'Escape') return true;
    }
    // After a digit a mark is part of a number or a time: 3.14, 12:30.
    const number = /\d$/.test(this.#context) && '.:'.includes(key);
    if (number || !(key in MARKS || key in PAIRS) || !this.options.punctuation) return false;
    const [opening, closing] = PAIRS[key] ?? [];
    const open = this.#context.lastIndexOf(opening) > this.#context.lastIndexOf(closing);
    return this.#write(MARKS[key] ?? (open ? closing : opening));
  }

  // Whether a key is a letter of what is being typed: of pinyin, or of a word like MP3.
  #spells(key) {
    const before = this.#line.letters.slice(0, this.#line.caret);
    return /^[a-z]$/i.test(key)
      || (/^\d$/.test(key) && /[A-Z0-9]$/.test(before))
      || (this.#alphabet.has(key) && (this.composing || /^[a-z0-9]$/i.test(key)));
  }

  // Which candidate of the page a digit means; -1 for other keys.
  #index(key) {
    return /^[1-9]$/.test(key) ? Number(key) - 1 : -1;
  }

  async #choose(key, index = this.#index(key)) {
    await this.refresh();
    if (!this.#found.length) return this.#finish(); // nothing could be found
    this.choose(index < 0 ? this.state.highlighted : index);
    return true;
  }

  #browse(key) {
    const by = STEPS[key] ?? PAGES[key] * this.pageSize;
    this.#at = Math.min(Math.max(this.#at + by, 0), this.#found.length - 1);
    this.changed();
    return true;
  }

  // Commits what is chosen, and letters as they are.
  #finish() {
    const {text, letters, choices} = this.#line;
    if (this.options.learn && choices.length) {
      const learned = {context: this.#context, choices: choices.map(([candidate]) => candidate)};
      this.ask('learn', learned).catch(this.failed);
      // A browser short of room clears what it was not asked to keep.
      if (!this.#lasting) globalThis.navigator?.storage?.persist?.();
      this.#lasting = true;
    }
    this.#line.clear();
    return this.#write(text + letters);
  }

  // Commits a text; after Chinese something is predicted.
  #write(text) {
    this.#commit += text;
    this.#context = (this.#context + text).slice(-KEPT);
    return this.#show(this.options.predict && !/[\x00-\x7f]$/.test(text) ? null : []);
  }

  // Candidates to show: a list, or null for those that are to be found.
  #show(candidates) {
    this.#at = 0;
    this.#stale = !candidates;
    if (candidates || !this.composing) {
      this.#found = candidates ?? [];
      this.#spans = [];
    }
    this.refresh();
    this.changed();
    return true;
  }

  // Waits until candidates are those of what is typed now. Keys that come meanwhile need not wait:
  // one question is under way at a time, and the next one is about all of them.
  async refresh() {
    if (this.#stale) await (this.#refreshing ??= this.#find());
  }

  async #find() {
    try {
      while (this.#stale) {
        const letters = this.#line.wanted, context = this.#context + this.#line.text;
        const {candidates, spans, warning} = letters
          ? await this.ask('candidates', {context, letters})
          : await this.ask('nextWords', {context});
        const same = letters === this.#line.wanted && context === this.#context + this.#line.text;
        if (this.#stale && same) {
          this.#found = candidates;
          this.#spans = spans;
          this.#warning = warning;
          this.#stale = false;
        }
      }
    } catch (error) {
      this.#found = [];
      this.#stale = false;
      this.failed(error);
    }
    this.#refreshing = null;
    this.changed();
  }
}

// A worker that has loaded a model, as a function that asks it.
export async function startWorker(script, files) {
  const worker = new Worker(script), waiting = new Map();
  let last = 0;
  worker.onmessage = ({data: {number, answer, error}}) => {
    const {done, failed} = waiting.get(number);
    waiting.delete(number);
    if (error) failed(new Error(error));
    else done(answer);
  };
  const ask = (name, request) => new Promise((done, failed) => {
    waiting.set(++last, {done, failed});
    worker.postMessage({number: last, name, request});
  });
  await ask('load', files);
  return ask;
}
