"""The web page: its text logic agrees with the library, and a browser types with it."""

import json
import os
import random
import runpy
import shutil
import statistics
import subprocess
from pathlib import Path

import keras
import pytest

from conftest import ROOT
from hosts import reading_questions
from keras_pinyin.ime import Candidate, Converter, Engine, Letters, Options, UserStore
from keras_pinyin.ime.schemes import DOUBLE_PINYIN, find_scheme
from keras_pinyin.ime.slips import FUZZY
from keras_pinyin.ime.user_words import UserWords
from keras_pinyin.text import Lexicon, SyllableScores, read_metadata

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
RELEASED = ROOT / "tflite" / "small.static.tflite"
ASK = """
import {readFileSync} from 'node:fs';
import {Letters} from './build/letters.js';
import {readMetadata} from './metadata.js';
import {SyllableScores} from './syllables.js';
import {Text} from './text.js';
const metadata = await readMetadata(new Uint8Array(readFileSync(process.argv[1])));
const text = new Text(metadata), scores = await SyllableScores.read(metadata);
let letters;
const does = {
  encode: written => text.encode(written),
  parse: keys => text.parse(keys.split(/[\\s'\x85]+/).filter(key => key)),
  set: options => { letters = new Letters(metadata, scores, options); },
  read: raw => letters.readings(raw, 3),
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
  import {startWorker} from './engine.js';
  const wasm = new URL('node_modules/@litertjs/core/wasm/', location).href;
  const model = new URL('model.tflite', location).href;
  const converter = await Converter.load(model, wasm);
  await converter.convert('', ['a']); // the first is slow
  const ask = await startWorker('build/worker.js', {model, wasm});
  window.ask = {
    convert: (...given) => converter.convert(...given),
    predict: (...given) => converter.predict(...given),
    configure: options => ask('configure', options),
    candidates: (context, letters) => ask('candidates', {context, letters}),
    learn: (context, choices) => ask('learn', {context, choices}),
    words: () => ask('words'),
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
# What is typed after a text: by options, which are a name here.
OPTIONS = {
    "full": Options(),
    "fuzzy": Options(fuzzy=FUZZY),
    **{name: Options(scheme=name, correct=False) for name in (*DOUBLE_PINYIN, "nine-key")},
    "tw": Options(script="tw", emoji=True, correct=False),
}
TYPED = {
    "full": (
        *(("", "jintiantianqizhenhao"), ("她走了，", "wohenxiangta"), ("", "xian"), ("", "tian")),
        *(("我们", "qugongyuan"), ("", "womendoushizhongguoren"), ("", "wom"), ("", "xi'an")),
        *(("", "zhegeAPPhenhao"), ("", "yongwifishangwang"), ("", "MP3"), ("", "vvv")),
        *(
            ("今天", "zg"),
            ("", "wmqbj"),
            ("", "zhrmghg"),
            ("", "woxqbeij"),
            ("", "bjdx"),
        ),  # initials
        *(("", "jintiantianqizhenh"), ("", "womenzho"), ("", "zhonggu"), ("我", "x")),  # unfinished
        *(("", "zhonggou"), ("", "jintiantianqizehnhao"), ("", "wommenqugongyuan")),  # slips
        *(("", "womenqugongyuam"), ("", "beijngdaxue"), ("", "xianggnag"), ("", "mingtina")),
        ("", "womenqushanghai" * 4),
    ),
    "fuzzy": (
        *(("", "zongguoren"), ("", "sanghai"), ("", "lihao"), ("", "jingtiantianqi")),
        *(("", "fudongpo"), ("", "henganxing"), ("", "zidaole"), ("", "zang")),
    ),
    "xiaohe": (("", "nihc"), ("", "jbtmtmqi"), ("", "vsgorf"), ("", "womfquulhd"), ("", "xm")),
    "ziranma": (("", "nihk"), ("", "jntmtmqi"), ("", "vsgorf"), ("", "womfquudhl")),
    "microsoft": (("", "nihk"), ("", "jntmtmqi"), ("", "vsgorf"), ("", "m;tmtmqi")),
    "nine-key": (("", "64426"), ("", "94664486736"), ("", "5468426")),
    "tw": (("", "fa"), ("", "toufa"), ("", "womenlimian"), ("", "pingguo"), ("我愛", "zhongguo")),
}

# What is chosen after a text, piece by piece; the words of it are then remembered.
CHOSEN = (
    ("", [("王", "wang"), ("昊", "hao"), ("然", "ran")]),
    ("今天", [("周诚早", "zhou cheng zao"), ("来看", "lai kan"), ("萧距妨", "xiao ju fang")]),
    ("你好，", [("是", "shi"), ("王昊然", "wang hao ran"), ("的朋友", "de peng you")]),
    ("", [("我们在", "wo men zai"), ("麓", "lu"), ("寝", "qin"), ("鸽", "ge"), ("边", "bian")]),
    ("", [("他们从", "ta men cong"), ("麓", "lu"), ("寝", "q"), ("鸽", "ge"), ("来", "lai")]),
    ("", [("实时", "shi shi")]),
    ("", [("适时", "shi shi")]),
)

needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="needs Debian's package chromium")
pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the same on all backends"),
    pytest.mark.skipif(not shutil.which("npm"), reason="needs Node.js and npm"),
]


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """A copy of the page with the packages that its lock file names."""
    root = tmp_path_factory.mktemp("web")
    folder = root / "tflite" / "web"
    source = ROOT / "tflite" / "web"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("node_modules", "build"))
    (root / "keras_pinyin").symlink_to(ROOT / "keras_pinyin")  # some tables are from there
    run = subprocess.run(["npm", "ci"], cwd=folder, capture_output=True, text=True)
    if run.returncode:
        pytest.skip(f"npm ci cannot install the page's packages: {run.stderr.strip()[-300:]}")
    build = ["npm", "run", "build"]
    modules = ["esbuild", "--bundle", "--format=esm", "--outdir=build", "--loader:.tsv=text"]
    for command in (build, ["npx", *modules, "converter.js", "letters.js"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
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


def ask_node(web, model, questions):
    asked = json.dumps(questions)
    return json.loads(node(web, "--input-type=module", "-e", ASK, str(model), input=asked))


def test_tables_are_those_of_the_library():
    folder = ROOT / "tflite" / "web"
    written = runpy.run_path(str(folder / "tables.py"))["render"]()
    assert (folder / "tables.js").read_text(encoding="utf-8") == written, "run tflite/web/tables.py"


@pytest.mark.parametrize("kind", ["int8", "released"])
def test_text_and_keys_are_read_as_the_library_does(web, exported, kind):
    model = exported.get(kind, ROOT / "tflite" / "small.tflite")
    asked = [(asked, wanted) for asked, wanted in reading_questions(model) if asked[0] != "segment"]
    questions, expected = zip(*asked)
    for question, found, wanted in zip(
        questions, ask_node(web, model, questions), expected, strict=True
    ):
        assert found == wanted, question


@pytest.mark.parametrize("scheme,correct", [("full", True), ("microsoft", False)])
def test_letters_are_read_as_the_library_does(web, scheme, correct):
    rng, spell = random.Random(0), find_scheme(scheme)
    metadata = read_metadata(RELEASED)
    keys = Lexicon(metadata["lexicon"]).keys
    scores = SyllableScores.from_bytes(keys, metadata["syllables"])
    options = {"scheme": scheme, "fuzzy": ["z/zh", "in/ing"], "correct": correct}
    letters, typed = Letters(keys, scores, **options), []
    for _ in range(80):
        parts = [spell(key)[0] for key in rng.choices(keys.syllables, k=rng.randint(1, 8))]
        raw = "".join(part[: rng.choice((1, 9, 9))] for part in parts)
        at = rng.randrange(len(raw) + 1)
        typed.append(raw[:at] + rng.choice(["", "", "'", "APP", "iphone", "x"]) + raw[at:])
    asked = [["set", options], *(["read", raw] for raw in typed)]
    differ = 0
    for raw, found in zip(typed, ask_node(web, RELEASED, asked)[1:], strict=True):
        wanted = letters.readings(raw, 3)
        found = [tuple(map(tuple, (one["keys"], one["literal"]))) for one in found]
        differ += found != [(one.keys, one.literal) for one in wanted]
    assert differ <= 0.1 * len(typed)  # some are as likely as others


@pytest.fixture(scope="module")
def answers(web):
    """What a browser answers: lists by `convert`, `predict`, the names of options, and `words`."""
    asked = [["convert", context, keys.split()] for context, keys in SENTENCES]
    asked += [["predict", context] for context, _ in SENTENCES]
    for name, options in OPTIONS.items():
        asked.append(["configure", vars(options)])
        asked += [["candidates", *given] for given in TYPED[name]]
    asked.append(["configure", vars(Options())])
    for context, pieces in CHOSEN:
        choices = [{"text": text, "keys": keys.split()} for text, keys in pieces]
        asked += [["learn", context, choices], ["words"]]
    found = json.loads(node(web, "--input-type=module", "-e", ASK_BROWSER, input=json.dumps(asked)))
    named, options = {}, iter([*OPTIONS, None])
    for (name, *given), one in zip(asked, found, strict=True):
        if name == "configure":
            current = next(options)
        else:
            name = current if name == "candidates" else name
            named.setdefault(name, []).append((given, one.get("answer"), one["milliseconds"]))
    return named


@pytest.fixture(scope="module")
def host():
    return Converter(RELEASED)


@needs_chromium
def test_a_browser_converts_as_the_python_host_does(answers, host):
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
@pytest.mark.parametrize("name", OPTIONS)
def test_a_browser_proposes_what_the_engine_does(answers, host, name):
    engine = Engine(host, options=OPTIONS[name])
    for given, found, _ in answers[name]:
        wanted = engine_candidates(engine, *given)
        found = [(one["text"], one["span"]) for one in found["candidates"]]
        assert found[0] == wanted[0], given
        # Other kernels round otherwise, and so do sums.
        same = set(found[:20]) & set(wanted[:20])
        assert len(same) >= 0.9 * min(20, len(wanted)), (given, found[:20], wanted[:20])


@needs_chromium
def test_a_browser_learns_what_the_engine_does(answers, host, tmp_path):
    store = UserStore(tmp_path / "words.db")
    words = UserWords(store)
    for (context, pieces), (_, found, _) in zip(CHOSEN, answers["words"], strict=True):
        words.learn(host, context, [Candidate(t, keys=tuple(k.split())) for t, k in pieces])
        wanted = {(word.text, word.reading): word.weight for word in store.entries()}
        assert {(one["text"], one["reading"]): one["weight"] for one in found} == wanted, pieces
    words.close()


def engine_candidates(engine, context, letters):
    """What the engine shows first, up to 20: (text, how many letters it stands for)."""
    engine.reset()
    engine.set_context(context)
    for letter in letters:
        engine.press(letter)
    found = []
    for _ in range(min(engine.state.pages, 3)):
        found += [(candidate.text, candidate.span) for candidate in engine.state.candidates]
        engine.press("pagedown")
    return found[:20]


@needs_chromium
@pytest.mark.parametrize("name", ["typing", "options"])
def test_a_browser_types(web, name):
    file = Path("test", f"{name}.test.js")
    reported = node(web, "--test", "--test-reporter=tap", str(file))
    tests = (web / file).read_text(encoding="utf-8").count("\ntest(")
    assert f"# pass {tests}\n" in reported
