package keras_pinyin.ime.engine;

/** What runs the graph: LiteRT on a device, something else in tests. Used by one thread. */
public interface Runtime {
    /** Rows of ids, best first, and their scores in nats. */
    record Result(int[][] rows, float[] scores) {}

    /** Sentences, each as long as the keys. */
    Result convert(int[] context, int[] keys);

    /** Hanzi that may come next, one a row. */
    Result predict(int[] context);
}
