// Types in a real browser and reads what arrived.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';

import {hands, open} from './browser.js';

let page, asked, address, close, text, letters, shown, idle, type, clear, turnTo, choose;

before(async () => {
  ({page, asked, address, close} = await open());
  ({text, letters, shown, idle, type, clear, turnTo, choose} = hands(page));
  page.on('pageerror', error => assert.fail(error));
  await page.goto(address);
  await page.getByText('ready').waitFor({timeout: 60000});
});

after(() => close?.());

test('a sentence', async () => {
  await type('jintiantianqizhenhao');
  assert.equal((await shown())[0], '今天天气真好');
  assert.equal(await letters(), 'jin tian tian qi zhen hao');
  await type(' ');
  assert.equal(await text(), '今天天气真好');
  assert.equal(await letters(), '');
});

test('two readings of the same letters', async () => {
  await clear();
  await type('xian');
  const first = await shown();
  assert.ok(first.includes('西安') && first.includes('先'), first);
  await page.keyboard.press('Escape');
});

test('a shorter candidate is fixed and the rest converted again', async () => {
  await clear();
  await type('womenqugongyuan');
  await choose('我们');
  assert.equal(await letters(), '我们qu gong yuan');
  assert.equal(await text(), '');
  await type(' ');
  assert.equal(await text(), '我们去公园');
});

test('backspace, punctuation, letters as they are, another language', async () => {
  await clear();
  await type('nihaoo');
  await type(['Backspace']);
  await type('!');
  assert.equal(await text(), '你好！');
  await type('ok');
  await type(['Enter']);
  assert.equal(await text(), '你好！ok');
  await type(['Shift', 'h', 'i']);
  assert.equal(await text(), '你好！okhi');
  await type(['Shift']);
});

test('keys that come faster than conversions', async () => {
  await clear();
  await type([...'nihao', ' ', 'Backspace', '1', 'Enter', ...'hao', ' ']);
  assert.equal(await text(), '你1\n好');
});

test('the text to the left counts', async () => {
  await clear();
  await page.locator('textarea').fill('她来了，');
  await type('tahengaoxing ');
  assert.equal(await text(), '她来了，她很高兴');
});

test('a number chooses, and backspace takes the choice back', async () => {
  await clear();
  await type('womenqugongyuan');
  await turnTo('我们');
  const number = (await shown()).indexOf('我们') + 1;
  await type(String(number));
  assert.equal(await letters(), '我们qu gong yuan');
  await type(['Backspace']);
  assert.equal(await letters(), 'wo men qu gong yuan');
  await type(' ');
  assert.equal(await text(), '我们去公园');
});

test('the caret moves in the letters and into a choice', async () => {
  await clear();
  await type('nihaomen');
  await type(['ArrowLeft', 'ArrowLeft', 'ArrowLeft']);
  assert.equal(await page.locator('#letters').innerHTML(), 'ni hao<i></i>men');
  assert.equal((await shown())[0], '你好'); // for what is left of the caret
  await type(['1', 'Home', 'ArrowLeft']);
  assert.equal(await letters(), 'ni haomen'); // left of the caret is niha
  await type(['Home', 'Delete', 'Delete', ' ']);
  assert.match(await text(), /^[一-龥]{2}$/);
});

test('what comes next is proposed, and typed on', async () => {
  await clear();
  await type('jintian ');
  const proposed = await shown();
  assert.equal(proposed.length, 7);
  await type('2');
  assert.equal(await text(), `今天${proposed[1]}`);
  await type(['Escape']);
  assert.deepEqual(await shown(), []);
  await type('hao ');
  await type([' ']); // dismisses them
  assert.equal(await text(), `今天${proposed[1]}好 `);
  assert.deepEqual(await shown(), []);
});

test('words of capital letters and digits stay', async () => {
  await clear();
  await type('zhegeMP3henhao ');
  assert.equal(await text(), '这个MP3很好');
});

test('arrows choose, and every hanzi of a syllable is there', async () => {
  await clear();
  await type('tian');
  const second = (await shown())[1];
  await type(['ArrowDown', ' ']);
  assert.equal(await text(), second);
  await clear();
  await type('tian');
  for (let turns = 0; !(await shown()).includes('畋') && turns < 20; turns++) await type('=');
  assert.ok((await shown()).includes('畋'));
  await type(['Escape']);
});

test('letters appear while a conversion is under way', async () => {
  await clear();
  const seen = await page.evaluate(async () => {
    const field = document.querySelector('textarea'), line = document.querySelector('#letters');
    const texts = [];
    new MutationObserver(() => texts.push(line.textContent)).observe(line, {childList: true});
    for (const key of 'womendoushizhongguoren') {
      field.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
    }
    while (!window.idle) await new Promise(done => setTimeout(done));
    return texts;
  });
  assert.ok(seen.includes('womendoushizhongguoren'), seen);
  assert.equal((await shown())[0], '我们都是中国人');
  await type(['Escape']);
});

test('an apostrophe is a border', async () => {
  await clear();
  await type("xi'an ");
  assert.equal(await text(), '西安');
});

test('Shift keeps the letters', async () => {
  await clear();
  await type([...'hao', 'Shift', ...'x,', 'Shift', ',']);
  assert.equal(await text(), 'haox,，');
});

test('marks without a key of their own follow what is typed', async () => {
  await clear();
  await type('ni(ni)@"ni"');
  assert.equal(await text(), '你（你）@“你”');
});

test('letters that are no pinyin, and more than a conversion takes', async () => {
  await clear();
  await type('vvv ');
  assert.equal(await text(), 'vvv');
  await clear();
  await type('womenqugongyuan'.repeat(4) + ',');
  assert.equal(await text(), '我们去公园'.repeat(4) + '，');
});

test('a caret elsewhere leaves what is typed in its place', async () => {
  await page.locator('textarea').fill('天天');
  await type('hao');
  await page.locator('textarea').click({position: {x: 12, y: 20}});
  await idle();
  assert.equal(await text(), '天天hao');
  assert.equal(await letters(), '');
});

test('keys pressed all at once arrive in order', async () => {
  await clear();
  const keys = [
    ...'jintian', 'Space', 'Space', ...'tianqi', '2', '3', 'Backspace', 'Enter', ...'hao', 'Space',
  ];
  await Promise.all(keys.map(key => page.keyboard.press(key)));
  await idle();
  const second = (await text()).match(/^今天 (.+)\n好$/)?.[1];
  assert.ok(second, await text());
  assert.equal(await letters(), '');
});

test('slips are mended, and letters in small print are English', async () => {
  await clear();
  await type('zhognguo ');
  assert.equal(await text(), '中国');
  await clear();
  await type('womenqushagnhai ');
  assert.equal(await text(), '我们去上海');
  await clear();
  await type('yongwifishangwang ');
  assert.equal(await text(), '用wifi上网');
});

test('no traditional forms among simplified ones', async () => {
  await clear();
  await type('women');
  const found = [];
  for (let turns = 0; turns < 4; turns++, await type(['PageDown'])) found.push(...await shown());
  assert.ok(found.includes('我们') && found.includes('我'), found);
  assert.ok(!found.includes('我們'), found);
});

test('nothing leaves the machine', () => {
  assert.ok(asked.length > 5);
  for (const url of asked) assert.ok(url.startsWith(address) || url.startsWith('data:'), url);
});

test('how long a keystroke takes', async t => {
  await clear();
  const times = [];
  for (const letter of 'zhongguorenminyinhang') {
    await type(letter);
    times.push(parseFloat(await page.locator('#status').textContent()));
  }
  await page.keyboard.press('Escape');
  times.sort((a, b) => a - b);
  t.diagnostic(`median of ${times.length} keystrokes: ${times[times.length >> 1]} ms`);
  assert.ok(times[0] > 0);
});
