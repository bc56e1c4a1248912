// What is being typed: choices made so far, letters not chosen for, and a caret in them, as
// keras_pinyin/ime/composition.py does. No DOM in here.

export class Composition {
  #justChosen;

  constructor() {
    this.clear();
  }

  clear() {
    this.letters = '';
    this.caret = 0;
    this.choices = []; // [candidate, the letters it stands for]
    this.#justChosen = false;
  }

  get text() {
    return this.choices.map(([candidate]) => candidate.text).join('');
  }

  // The letters to propose candidates for: those left of the caret, or else all.
  get wanted() {
    return this.letters.slice(0, this.caret) || this.letters;
  }

  insert(letter) {
    this.letters = this.letters.slice(0, this.caret) + letter + this.letters.slice(this.caret);
    this.move(this.caret + letter.length);
  }

  // Moves the caret; from the first letter further left, into the last choice.
  move(caret) {
    if (caret < 0 && this.choices.length) {
      this.#takeBack();
      caret += this.caret;
    }
    this.caret = Math.min(Math.max(caret, 0), this.letters.length);
    this.#justChosen = false;
  }

  // Takes back the choice just made or reached, or the letter left of the caret.
  backspace() {
    if (this.choices.length && (this.#justChosen || !this.caret)) this.#takeBack();
    else if (this.caret) this.#remove(--this.caret);
    this.#justChosen = false;
  }

  delete() {
    this.#remove(this.caret);
    this.#justChosen = false;
  }

  // Fixes a candidate for the first letters; the caret goes to the end.
  choose(candidate) {
    const left = this.letters.slice(candidate.span).replace(/^'+/, '');
    this.choices.push([candidate, this.letters.slice(0, this.letters.length - left.length)]);
    this.letters = left;
    this.caret = left.length;
    this.#justChosen = true;
  }

  #remove(at) {
    this.letters = this.letters.slice(0, at) + this.letters.slice(at + 1);
    if (!this.letters && this.choices.length) this.#takeBack();
  }

  #takeBack() {
    const [, letters] = this.choices.pop();
    this.letters = letters + this.letters;
    this.caret += letters.length;
  }
}
