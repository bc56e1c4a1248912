"""The web page: its text logic agrees with the library, and a browser types with it."""

import json
import os
import shutil
import statistics
import subprocess
from pathlib import Path

import keras
import pytest

from conftest import ROOT
from hosts import reading_questions
from keras_pinyin.ime import Converter, Engine, Options

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
RELEASED = ROOT / "tflite" / "small.static.tflite"
ASK = """
import {readFileSync} from 'node:fs';
import {readMetadata} from './metadata.js';
import {Text} from './text.js';
const text = new Text(await readMetadata(new Uint8Array(readFileSync(process.argv[1]))));
const does = {
  encode: written => text.encode(written),
  parse: keys => text.parse(keys.split(/[\\s'\x85]+/).filter(key => key)),
  segment: (letters, best) => text.segment(letters, best).map(reading => reading.keys),
};
const answers = JSON.parse(readFileSync(0)).map(([name, ...given]) => {
  try {
    return does[name](...given);
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify(answers));
"""
ASK_BROWSER = """
import {readFileSync} from 'node:fs';
import {open} from './test/browser.js';
const {page, address, close} = await open();
await page.route('**/page.js', route => route.fulfill({contentType: 'text/javascript', body: `
  import {Converter} from './build/converter.js';
  import {Proposer} from './build/proposer.js';
  const converter = await Converter.load('model.tflite', 'node_modules/@litertjs/core/wasm/');
  const proposer = new Proposer(converter);
  await converter.convert('', ['a']); // the first is slow
  window.ask = {
    convert: (...given) => converter.convert(...given),
    predict: (...given) => converter.predict(...given),
    candidates: (context, letters) => proposer.candidates({context, letters}),
    nextWords: context => proposer.nextWords(context),
  };
`}));
await page.goto(address);
await page.waitForFunction(() => window.ask);
const answers = await page.evaluate(async questions => {
  const found = [];
  for (const [name, ...given] of questions) {
    const began = performance.now();
    const answer = await ask[name](...given);
    found.push({answer, milliseconds: performance.now() - began});
  }
  return found;
}, JSON.parse(readFileSync(0)));
await close();
console.log(JSON.stringify(answers));
"""
SENTENCES = (
    ("", "ni hao"),
    ("你好，", "zhong guo"),
    ("今天", "tian qi zhen hao"),
    ("她走了，", "wo hen xiang ta"),
    ("她走了，", "wo hen xiang ta shuo de hua he ta chang de ge jin tian ye"),
    ("我在3.14 ok\n", "xi an"),
    ("", "xian"),
    ("今天天气真好，我们去公园走一走。" * 5, "zh g r m"),
    ("好", "a"),
    ("我们", "qu4 gong1 yuan2"),
)
TYPED = (
    ("", "jintiantianqizhenhao"),
    ("她走了，", "wohenxiangta"),
    ("", "xian"),
    ("我们", "qugongyuan"),
    ("", "tian"),
    ("", "zhegeAPPhenhao"),
    ("今天", "zg"),
    ("", "womenqugongyuan" * 4),
)

needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="needs Debian's package chromium")
pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the same on all backends"),
    pytest.mark.skipif(not shutil.which("npm"), reason="needs Node.js and npm"),
]


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """A copy of the page with the packages that its lock file names."""
    folder = tmp_path_factory.mktemp("web") / "web"
    source = ROOT / "tflite" / "web"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("node_modules", "build"))
    run = subprocess.run(["npm", "ci"], cwd=folder, capture_output=True, text=True)
    if run.returncode:
        pytest.skip(f"npm ci cannot install the page's packages: {run.stderr.strip()[-300:]}")
    for command in (["worker.js"], ["converter.js", "proposer.js", "--format=esm"]):
        bundle = ["node_modules/.bin/esbuild", "--bundle", "--outdir=build", "--log-level=error"]
        subprocess.run([*bundle, *command], cwd=folder, check=True)
    return folder


def node(web, *arguments, **options):
    run = subprocess.run(
        ["node", *arguments],
        cwd=web,
        env={**os.environ, "MODEL": str(RELEASED), "CHROMIUM": CHROMIUM or ""},
        capture_output=True,
        encoding="utf-8",
        **options,
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-3000:]
    return run.stdout


@pytest.mark.parametrize("kind", ["int8", "released"])
def test_text_keys_and_letters_are_read_as_the_library_does(web, exported, kind):
    model = exported.get(kind, ROOT / "tflite" / "small.tflite")
    questions, expected = zip(*reading_questions(model))
    asked = json.dumps(questions)
    answers = json.loads(node(web, "--input-type=module", "-e", ASK, str(model), input=asked))
    for question, found, wanted in zip(questions, answers, expected, strict=True):
        if question[0] == "segment" and isinstance(wanted, str):
            wanted = []  # the page shows letters that are no pinyin as they are
        assert found == wanted, question


@pytest.fixture(scope="module")
def answers(web):
    """What a browser answers: lists for `convert`, `predict` and `candidates`."""
    asked = [["convert", context, keys.split()] for context, keys in SENTENCES]
    asked += [["predict", context] for context, _ in SENTENCES]
    asked += [["candidates", *given] for given in TYPED]
    found = json.loads(node(web, "--input-type=module", "-e", ASK_BROWSER, input=json.dumps(asked)))
    named = {}
    for (name, *given), one in zip(asked, found, strict=True):
        named.setdefault(name, []).append((given, one["answer"], one["milliseconds"]))
    return named


@needs_chromium
def test_a_browser_converts_as_the_python_host_does(answers):
    host = Converter(RELEASED)
    for name in ("convert", "predict"):
        for given, found, _ in answers[name]:
            wanted = getattr(host, name)(*given)
            assert found[0]["text"] == wanted[0][0], given
            scores = {answer["text"]: answer["score"] for answer in found}
            assert len(scores) == len(wanted)
            # Other kernels round otherwise: near the end of the list another may come in.
            both = [(scores[text], score) for text, score in wanted if text in scores]
            assert len(both) >= 0.8 * len(wanted), given
            assert all(abs(here - there) < 0.05 for here, there in both), (given, both)
    median = statistics.median(milliseconds for *_, milliseconds in answers["convert"])
    print(f"median of {len(SENTENCES)} conversions in the browser: {median:.0f} ms")


@needs_chromium
def test_a_browser_proposes_what_the_engine_does(answers):
    for given, found, _ in answers["candidates"]:
        wanted = list(engine_candidates(*given).items())
        found = [(one["text"], one["span"]) for one in found["candidates"]]
        assert found[0] == wanted[0], given
        # The engine weighs readings by more than the page knows.
        same = set(found) & set(wanted[:20])
        assert len(same) >= 0.8 * min(20, len(wanted)), (given, found[:20], wanted[:20])


def engine_candidates(context, letters):
    """What the engine shows, page by page: dict text -> how many letters it stands for."""
    engine = Engine(Converter(RELEASED), options=Options(correct=False))
    engine.set_context(context)
    for letter in letters:
        engine.press(letter)
    found = {}
    for _ in range(engine.state.pages):
        found |= {candidate.text: candidate.span for candidate in engine.state.candidates}
        engine.press("pagedown")
    return found


@needs_chromium
def test_a_browser_types(web):
    reported = node(web, "--test", "--test-reporter=tap", "test/typing.test.js")
    tests = Path(web, "test", "typing.test.js").read_text(encoding="utf-8").count("\ntest(")
    assert f"# pass {tests}\n" in reported
