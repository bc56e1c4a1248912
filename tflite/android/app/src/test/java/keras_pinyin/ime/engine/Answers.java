package keras_pinyin.ime.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Answers questions from the tests in Python, JSON a line, to be compared with its own answers. */
final class Answers {
    private static final Metadata METADATA = Metadata.read(ProcessRuntime.model());
    private static final Keys KEYS = new Keys(METADATA);
    private static final Tokens TOKENS = new Tokens(METADATA);

    private Answers() {}

    public static void main(String[] arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            List<?> question = (List<?>) Json.parse(line);
            try {
                out.println(answer((String) question.get(0), question.subList(1, question.size())));
            } catch (IllegalArgumentException refusal) {
                out.println(quote(refusal.getMessage()));
            }
        }
    }

    private static String answer(String what, List<?> with) {
        String text = (String) with.get(0);
        switch (what) {
            case "encode":
                return Arrays.toString(TOKENS.encode(text));
            case "parse":
                return Arrays.toString(KEYS.parse(text));
            case "segment":
                int best = ((Number) with.get(1)).intValue();
                return new Segmentation(KEYS)
                        .read(text, best).stream()
                                .map(reading -> list(reading.keys()))
                                .collect(Collectors.toList())
                                .toString();
            case "convert":
                return ranked(
                        ProcessRuntime.converter()
                                .convert(text, Arrays.asList(((String) with.get(1)).split(" +"))));
            case "predict":
                return ranked(ProcessRuntime.converter().predict(text));
            case "candidates":
                return list(
                        Composition.candidates(
                                        new Composition.Request(text, (String) with.get(1)),
                                        ProcessRuntime.converter())
                                .stream()
                                .map(Composition.Candidate::text)
                                .collect(Collectors.toList()));
            default:
                throw new AssertionError(what);
        }
    }

    private static String ranked(List<Converter.Ranked> found) {
        return found.stream()
                .map(one -> "[" + quote(one.text()) + ", " + one.score() + "]")
                .collect(Collectors.toList())
                .toString();
    }

    private static String list(List<String> texts) {
        return texts.stream().map(Answers::quote).collect(Collectors.toList()).toString();
    }

    private static String quote(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
