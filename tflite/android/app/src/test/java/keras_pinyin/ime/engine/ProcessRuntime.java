package keras_pinyin.ime.engine;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;
import org.junit.Assume;

/** The real interpreter, in a Python beside the JVM. */
final class ProcessRuntime implements Runtime {
    private static Converter shared;

    private final BufferedReader results;
    private final Writer requests;

    private ProcessRuntime(File model) throws IOException, URISyntaxException {
        File script = new File(ProcessRuntime.class.getResource("/runtime.py").toURI());
        Process process =
                new ProcessBuilder(
                                System.getProperty("python", "python3"),
                                script.getPath(),
                                model.getPath())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        results =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        requests = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
        if (!"ready".equals(results.readLine())) {
            throw new IOException("Python could not run the model.");
        }
    }

    /** The file named by the property `model`. */
    static ByteBuffer model() {
        try (FileChannel channel = FileChannel.open(Paths.get(System.getProperty("model")))) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** A converter with that file; skips the test where no Python is named and none will do. */
    static synchronized Converter converter() {
        if (shared == null) {
            try {
                Runtime runtime = new ProcessRuntime(new File(System.getProperty("model")));
                shared = new Converter(Metadata.read(model()), runtime);
            } catch (IOException | URISyntaxException error) {
                Assume.assumeTrue("needs ai_edge_litert", System.getProperty("python") != null);
                throw new IllegalStateException(error);
            }
        }
        return shared;
    }

    @Override
    public Result convert(int[] context, int[] keys) {
        return run(
                "[\"convert\", {\"context\": " + Arrays.toString(context) + ", \"keys\": "
                        + Arrays.toString(keys) + "}]\n");
    }

    @Override
    public Result predict(int[] context) {
        return run("[\"predict\", {\"context\": " + Arrays.toString(context) + "}]\n");
    }

    private Result run(String request) {
        try {
            requests.write(request);
            requests.flush();
            List<?> result = (List<?>) Json.parse(results.readLine());
            List<?> scores = (List<?>) result.get(1);
            int[][] rows = new int[scores.size()][];
            float[] numbers = new float[rows.length];
            for (int i = 0; i < rows.length; i++) {
                List<?> row = (List<?>) ((List<?>) result.get(0)).get(i);
                rows[i] = row.stream().mapToInt(id -> ((Number) id).intValue()).toArray();
                numbers[i] = ((Number) scores.get(i)).floatValue();
            }
            return new Result(rows, numbers);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
