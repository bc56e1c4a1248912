import numpy as np
import pytest
from keras import ops

from keras_pinyin.data.labelling import Labeller
from keras_pinyin.data.memory import fill_memory
from keras_pinyin.data.shards import record
from keras_pinyin.models import PinyinTransformer
from keras_pinyin.training.topics import (
    TopicBatching,
    TopicTrainer,
    learn_topics,
    topic_batches,
    with_topics,
)

BATCHING = TopicBatching(tokens=2000, pieces=8, places=3, candidates=4)
# The clause is the same, and 他 and 她 are as frequent: only what was said before tells.
HIS, HERS = "北京电影公园天气，", "银行重量工作内容，"
TEXTS = [HIS + "他走。", HERS + "她走。"]


@pytest.fixture
def shard(tiny_lexicon, tmp_path):
    import tensorflow as tf

    label, path = Labeller(tiny_lexicon), tmp_path / "text-01.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for text in TEXTS * 40:
            writer.write(record(*label(text)))
    return path


def test_batches_ask_for_what_is_unsure_after_its_context(tiny_model, tiny_lexicon, shard):
    fill_memory(tiny_model, [shard])
    parts = list(topic_batches([shard], tiny_model, BATCHING))
    assert len(parts) == 1
    asked = 0
    for inputs, labels, weights in parts[0]:
        assert not labels.any()
        for row, place in zip(*np.nonzero(weights)):
            context, candidates, around, counted = (
                inputs[name][row] if name == "context" else inputs[name][row, place]
                for name in ("context", "candidates", "around", "counted")
            )
            right = tiny_lexicon.vocabulary.decode(candidates[:1])
            before = tiny_lexicon.vocabulary.decode(context[context > 0])
            if before:  # of this document, without the comma
                assert before + "，" == {"他": HIS, "她": HERS}[right]
                asked += 1
                assert around.tolist() == [0, tiny_lexicon.keys.ids["zou"]]
                assert set(candidates[candidates > 0]) == set(
                    tiny_lexicon.vocabulary.encode("他她")
                )
                assert np.abs(counted[0] - counted[1]).max() < 0.5
    assert asked > 20
    again = list(topic_batches([shard], tiny_model, BATCHING))
    for name, x in parts[0][0][0].items():
        np.testing.assert_array_equal(x, again[0][0][0][name])
    assert not list(topic_batches([shard], tiny_model, BATCHING, first=1))


@pytest.mark.once
def test_the_context_learns_to_tell(tiny_model, shard, tmp_path):
    filled, reports = [], []

    def fill(group):
        filled.append(group)
        fill_memory(tiny_model, [shard])

    others = {v.path: ops.convert_to_numpy(v) for v in tiny_model.trainable_variables}
    options = dict(
        batching=BATCHING,
        checkpoint=tmp_path / "checkpoint.npz",
        segment=1,
        report=lambda share, logs: reports.append((share, logs["loss"])),
    )
    learn_topics(tiny_model, [[shard]] * 3, fill, **options)
    assert filled == [0, 1, 2] and reports[-1][0] == 1.0 and reports[-1][1] < reports[0][1]
    tiny_model.topic_memory.trust.assign([1.0, 1.0])
    for context, right in ((HIS, "他走"), (HERS, "她走")):
        assert tiny_model.convert(context, "ta zou")[0][0] == right
    for variable in tiny_model.trainable_variables:
        if "topic_memory" not in variable.path:
            np.testing.assert_array_equal(ops.convert_to_numpy(variable), others[variable.path])
    # A run that was cut after its last checkpoint has nothing left to do.
    _, patterns = tiny_model.topic_memory.tables["pairs"]
    learned = ops.convert_to_numpy(patterns)
    patterns.assign(0 * learned)
    learn_topics(tiny_model, [[shard]] * 3, fill, **options)
    np.testing.assert_array_equal(ops.convert_to_numpy(patterns), learned)


@pytest.mark.once
def test_a_cut_run_goes_on_as_if_nothing_had_happened(tiny_model, shard, tmp_path):
    options = dict(batching=BATCHING, segment=1)
    fill = lambda group: fill_memory(tiny_model, [shard])
    start = tiny_model.get_weights()
    learn_topics(tiny_model, [[shard]] * 2, fill, **options)
    whole = [ops.convert_to_numpy(v) for v in tiny_model.topic_memory.weights]

    def cut(group):
        if group == 1:
            raise KeyboardInterrupt
        fill(group)

    tiny_model.set_weights(start)
    options["checkpoint"] = tmp_path / "checkpoint.npz"
    with pytest.raises(KeyboardInterrupt):
        learn_topics(tiny_model, [[shard]] * 2, cut, **options)
    tiny_model.topic_memory.finish_learning()
    tiny_model.set_weights(start)
    learn_topics(tiny_model, [[shard]] * 2, fill, **options)
    for variable, expected in zip(tiny_model.topic_memory.weights, whole):
        np.testing.assert_allclose(ops.convert_to_numpy(variable), expected, atol=1e-5)


def test_too_little_text_is_refused(tiny_model, shard):
    fill = lambda group: fill_memory(tiny_model, [shard])
    with pytest.raises(ValueError, match="not one batch of 512 pieces"):
        learn_topics(tiny_model, [[shard]], fill)


def test_a_model_gets_a_topic_memory(tiny_model, tiny_lexicon):
    changed = with_topics(tiny_model, 40, 16)
    assert changed.topic_memory.topics == 16 and changed.lexicon is tiny_model.lexicon
    new = {v.path.split("/", 1)[1]: v for v in changed.weights}
    for variable in tiny_model.weights:
        name = variable.path.split("/", 1)[1]
        if not name.startswith("topic_memory"):
            np.testing.assert_array_equal(
                ops.convert_to_numpy(new[name]), ops.convert_to_numpy(variable)
            )
    with pytest.raises(ValueError, match="topic_rows"):
        TopicTrainer(PinyinTransformer.from_lexicon(tiny_lexicon, "nano", memory_slots=400))
