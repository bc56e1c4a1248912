package keras_pinyin.ime;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import keras_pinyin.ime.engine.Runtime;
import org.tensorflow.lite.Interpreter;

/** The graph in LiteRT's interpreter. Not for several threads at once. */
final class LiteRtRuntime implements Runtime, AutoCloseable {
    private final Interpreter interpreter;
    private final int candidates;

    /**
     * @param model a mapped .tflite file
     * @param candidates how many rows the file gives
     */
    LiteRtRuntime(ByteBuffer model, int candidates, int threads) {
        interpreter = new Interpreter(model, new Interpreter.Options().setNumThreads(threads));
        this.candidates = candidates;
    }

    @Override
    public Result convert(int[] context, int[] keys) {
        Map<String, Object> inputs = new HashMap<>();
        inputs.put("context", new int[][] {context});
        inputs.put("keys", new int[][] {keys});
        int[][][] sentences = new int[1][candidates][keys.length];
        return run("convert", inputs, "sentences", sentences, sentences[0]);
    }

    @Override
    public Result predict(int[] context) {
        Map<String, Object> inputs = new HashMap<>();
        inputs.put("context", new int[][] {context});
        int[][] hanzi = new int[1][candidates];
        Result found = run("predict", inputs, "hanzi", hanzi, hanzi);
        int[][] rows = new int[candidates][];
        for (int i = 0; i < candidates; i++) {
            rows[i] = new int[] {hanzi[0][i]};
        }
        return new Result(rows, found.scores());
    }

    private Result run(
            String signature, Map<String, Object> inputs, String name, Object found, int[][] rows) {
        float[][] scores = new float[1][candidates];
        Map<String, Object> outputs = new HashMap<>();
        outputs.put(name, found);
        outputs.put("scores", scores);
        interpreter.runSignature(inputs, outputs, signature);
        return new Result(rows, scores[0]);
    }

    @Override
    public void close() {
        interpreter.close();
    }
}
