// What is set and what is learned in a real browser stays after a reload.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, beforeEach, test} from 'node:test';

import {hands, open} from './browser.js';

let page, address, close, text, shown, idle, type, clear, choose;

before(async () => {
  ({page, address, close} = await open());
  ({text, shown, idle, type, clear, choose} = hands(page));
  page.on('pageerror', error => assert.fail(error));
  await reload();
});

beforeEach(() => clear());
after(() => close?.());

async function reload() {
  await page.goto(address);
  await page.getByText('ready').waitFor({timeout: 60000});
}

const show = panel => page.locator(panel).evaluate(one => { one.open = true; });

async function set(name, value) {
  await show('#settings');
  const field = page.locator(`#options [name=${name}]`);
  if (typeof value === 'boolean') await field.setChecked(value);
  else await field.selectOption(value);
  await idle();
  await page.locator('textarea').focus();
}

test('double pinyin, fuzzy sounds and the script of candidates', async () => {
  await set('scheme', 'microsoft');
  await type('m;tmtmqi ');
  assert.equal(await text(), '明天天气');
  await set('scheme', 'full');
  await clear();
  await page.locator('[value="z/zh"]').check();
  await set('correct', false);
  await type('zongguo ');
  assert.equal(await text(), '中国');
  await page.locator('[value="z/zh"]').uncheck();
  await set('correct', true);
  await set('script', 'tw');
  await clear();
  await type('womendetoufa ');
  assert.equal(await text(), '我們的頭髮');
});

test('what is set stays', async () => {
  await set('emoji', true);
  await reload();
  await type('pingguo');
  assert.ok((await shown()).some(one => one.startsWith('🍎')), await shown());
  await set('emoji', false);
  await set('script', 'simplified');
});

test('a word that was chosen twice comes first, until it is forgotten', async () => {
  await page.evaluate(() => {
    window.asked = 0;
    navigator.storage.persist = async () => ++window.asked > 0;
  });
  await type('wanghaoran');
  for (const hanzi of '王皓燃') await choose(hanzi);
  assert.equal(await text(), '王皓燃');
  await clear();
  await type('wanghaoran');
  await choose('王皓燃');
  assert.equal(await page.evaluate(() => window.asked), 1);
  await reload();
  await type('wanghaorandepengyou ');
  assert.equal(await text(), '王皓燃的朋友');

  await show('#words');
  const item = page.locator('#words li', {hasText: '王皓燃 wang hao ran'});
  await item.waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'), page.locator('#export').click()]);
  assert.match(readFileSync(await download.path(), 'utf8'), /^王皓燃\twang hao ran\t3\t/m);
  await item.getByRole('button').click();
  await item.waitFor({state: 'detached'});
  await clear();
  await page.locator('textarea').focus();
  await type('wanghaoran');
  assert.notEqual((await shown())[0], '王皓燃');
});

test('words are imported, but not a wrong list', async () => {
  const give = content => page.locator('#import').setInputFiles(
    {name: 'words.tsv', mimeType: 'text/plain', buffer: Buffer.from(content)});
  await show('#words');
  await give('# text\treading\n周诚早\tzhou cheng zao\n');
  await page.locator('#words li', {hasText: '周诚早'}).waitFor();
  await give('周诚晚\tzhou cheng wan\n周诚\tzhou\n');
  await page.getByText("'周诚' is no word").waitFor();
  await page.locator('textarea').focus();
  await type('zhouchengzao');
  assert.equal((await shown())[0], '周诚早');
  page.once('dialog', dialog => dialog.accept());
  await page.locator('#clear').click();
  await page.locator('#words li').waitFor({state: 'detached'});
});

test('nothing is remembered that should not be', async () => {
  await set('learn', false);
  await type('wanghaoran');
  for (const hanzi of '王皓燃') await choose(hanzi);
  await reload();
  await show('#words');
  await page.waitForFunction(() => document.querySelector('#count').textContent === '0');
});
