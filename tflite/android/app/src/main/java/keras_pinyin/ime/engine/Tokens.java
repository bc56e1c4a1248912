package keras_pinyin.ime.engine;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Turns the text to the left of the caret into token ids, as training did. */
public final class Tokens {
    // \p{Nd} is what \d means in Python; \d itself means ASCII here and Unicode on Android.
    private static final Pattern IN_NUMBER = Pattern.compile("(?<=\\p{Nd})[.,](?=\\p{Nd})");
    private static final String SPACES = "\t\u000b\f\r \u0085\u00a0\u3000\u200b\ufeff";

    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<String, String> fullWidth;
    private final Set<Integer> runs = new HashSet<>();
    private final int limit;
    private final int shape;

    public Tokens(Metadata metadata) {
        for (String token : metadata.tokens) {
            ids.put(token, ids.size());
        }
        for (String token : metadata.runs) {
            runs.add(ids.get(token));
        }
        fullWidth = metadata.fullWidth;
        limit = metadata.contextLimit;
        shape = metadata.contextShape;
    }

    /** Token ids of a text. White space is dropped. */
    public int[] encode(String text) {
        text = Normalizer.normalize(text, Normalizer.Form.NFKC);
        text = IN_NUMBER.matcher(text).replaceAll("").replace("...", "…");
        int[] found = new int[text.length()];
        int count = 0;
        for (int at = 0, point; at < text.length(); at += Character.charCount(point)) {
            point = text.codePointAt(at);
            if (SPACES.indexOf(point) >= 0) {
                continue;
            }
            int id = id(point);
            if (count == 0 || found[count - 1] != id || !runs.contains(id)) {
                found[count++] = id;
            }
        }
        return Arrays.copyOf(found, count);
    }

    private int id(int point) {
        if (point >= '0' && point <= '9') {
            return ids.get("[NUM]");
        }
        if (point >= 'a' && point <= 'z' || point >= 'A' && point <= 'Z') {
            return ids.get("[LATIN]");
        }
        if (point == '\n') {
            return ids.get("[BOS]"); // a line is a context of its own
        }
        String character = new String(Character.toChars(point));
        Integer id = ids.get(fullWidth.getOrDefault(character, character));
        return id == null ? ids.get("[UNK]") : id;
    }

    /**
     * The end of a text as the model takes it, filled up with padding on the left.
     *
     * <p>Never empty, though the model would take that: LiteRT's Java refuses arrays of length 0,
     * and one padding token means the same.
     */
    int[] context(String text) {
        int[] encoded = encode(text);
        int count = Math.min(encoded.length, limit);
        int[] padded = new int[shape > 0 ? shape : Math.max(1, count)];
        System.arraycopy(encoded, encoded.length - count, padded, padded.length - count, count);
        return padded;
    }
}
