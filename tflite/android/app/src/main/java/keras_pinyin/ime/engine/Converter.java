package keras_pinyin.ime.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Strings in, strings out: what stands between an input method and the graph. */
public final class Converter {
    private static final float NEVER = -5e8f; // below: fewer were possible than asked for

    public final Metadata metadata;
    public final Tokens tokens;
    public final Keys keys;
    public final Segmentation segmentation;
    private final Runtime runtime;

    /** A sentence or a hanzi with its score, in nats. */
    public record Ranked(String text, float score) {}

    public Converter(Metadata metadata, Runtime runtime) {
        this.metadata = metadata;
        this.runtime = runtime;
        tokens = new Tokens(metadata);
        keys = new Keys(metadata);
        segmentation = new Segmentation(keys);
    }

    /**
     * The likeliest sentences for keys, best first.
     *
     * @param context the text to the left
     * @throws IllegalArgumentException if a key is unknown, there is none, or there are too many
     */
    public List<Ranked> convert(String context, List<String> typed) {
        int[] ids = keys.parse(typed);
        if (ids.length == 0 || ids.length > metadata.keyLimit) {
            throw new IllegalArgumentException(
                    ids.length + " keys given, but a conversion takes 1 to " + metadata.keyLimit
                            + ": convert longer input in parts, each the context of the next.");
        }
        int shape = metadata.keyShape > 0 ? metadata.keyShape : ids.length;
        int[] padded = Arrays.copyOf(ids, shape);
        return ranked(runtime.convert(tokens.context(context), padded), ids.length);
    }

    /** The likeliest next hanzi after a text, best first. */
    public List<Ranked> predict(String context) {
        return ranked(runtime.predict(tokens.context(context)), 1);
    }

    private List<Ranked> ranked(Runtime.Result result, int length) {
        List<Ranked> found = new ArrayList<>();
        for (int i = 0; i < result.rows().length; i++) {
            if (result.scores()[i] > NEVER) {
                StringBuilder text = new StringBuilder();
                for (int id : Arrays.copyOf(result.rows()[i], length)) {
                    text.append(id == 0 ? "" : metadata.tokens.get(id));
                }
                found.add(new Ranked(text.toString(), result.scores()[i]));
            }
        }
        return found;
    }
}
