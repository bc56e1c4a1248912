// The panel of options, which persist in this browser, and of learned words.
import {options as DEFAULTS, slips} from './tables.js';

const KEPT = 'keras-pinyin.options';
const SHOWN = 500; // words

// Fills the form with the options last chosen and gives them; `changed` is called with others.
export function bindOptions(form, changed) {
  document.querySelector('#fuzzy').append(...slips.FUZZY.map(pair => {
    const label = document.createElement('label');
    label.innerHTML = `<input type="checkbox" name="fuzzy" value="${pair}"> ${pair}`;
    return label;
  }));
  const kept = {...DEFAULTS, ...read()};
  for (const field of form.elements) {
    if (field.name === 'fuzzy') field.checked = kept.fuzzy.includes?.(field.value);
    else if (field.type === 'checkbox') field.checked = kept[field.name];
    else if (field.name) field.value = kept[field.name];
  }
  const chosen = () => ({
    ...DEFAULTS,
    ...Object.fromEntries(Array.from(form.elements, field => [
      field.name,
      field.type === 'checkbox' ? field.checked : field.value || DEFAULTS[field.name],
    ])),
    fuzzy: Array.from(form.querySelectorAll('[name=fuzzy]:checked'), field => field.value),
  });
  form.addEventListener('change', () => {
    try {
      localStorage.setItem(KEPT, JSON.stringify(chosen()));
    } catch { // where nothing may be kept, they last as long as the page
    }
    changed(chosen());
  });
  return chosen();
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

// Lists learned words, and exports, imports and forgets them. ask: of engine.js. panel: is shown when
// it is opened. failed: given errors.
export function bindWords(panel, ask, failed) {
  const show = async () => {
    const words = await ask('words');
    panel.querySelector('ul').replaceChildren(...words.slice(0, SHOWN).map(({text, reading}) => {
      const item = document.createElement('li'), forget = document.createElement('button');
      forget.textContent = '忘记';
      forget.onclick = attempt(() => ask('forget', {text}));
      item.append(`${text} ${reading} `, forget);
      return item;
    }));
    panel.querySelector('#count').textContent = words.length;
  };
  const attempt = action => async event => {
    try {
      await action(event);
      await show();
    } catch (error) {
      failed(error);
    }
  };
  panel.addEventListener('toggle', attempt(() => {}));
  panel.querySelector('#export').onclick = attempt(async () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([await ask('exportWords')], {type: 'text/plain'}));
    link.download = 'words.tsv';
    link.click();
    URL.revokeObjectURL(link.href);
  });
  panel.querySelector('#import').onchange = attempt(async ({target}) => {
    const [file] = target.files;
    if (file) await ask('importWords', {content: await file.text()});
    target.value = '';
  });
  panel.querySelector('#clear').onclick = attempt(async () => {
    if (confirm('忘记所有词？')) await ask('forget', {});
  });
}
