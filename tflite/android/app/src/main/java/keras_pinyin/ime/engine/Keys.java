package keras_pinyin.ime.engine;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** The keys that a model knows: syllables, beginnings of syllables, syllables with tones. */
public final class Keys {
    /** What Python calls white space, and the apostrophe. */
    static final String BORDER = "\\t-\\r\\x1c-\\x1f\\x85\\p{Z}'";

    private static final Pattern BORDERS = Pattern.compile("[" + BORDER + "]+");
    private static final Pattern ENDS =
            Pattern.compile("^[\\t-\\r\\x1c-\\x1f\\x85\\p{Z}]+|[\\t-\\r\\x1c-\\x1f\\x85\\p{Z}]+$");
    private static final String TONE_MARKS = "\u0304\u0301\u030c\u0300";

    private final Map<String, Integer> ids = new HashMap<>();
    private final int firstPrefix;

    public Keys(Metadata metadata) {
        this(metadata.keys, metadata.firstPrefix);
    }

    Keys(List<String> names, int firstPrefix) {
        for (String name : names) {
            ids.put(name, ids.size());
        }
        this.firstPrefix = firstPrefix;
    }

    /**
     * Ids of keys separated by spaces or apostrophes.
     *
     * @throws IllegalArgumentException for something that is no key
     */
    public int[] parse(String keys) {
        return parse(Arrays.asList(BORDERS.split(keys)));
    }

    public int[] parse(List<String> keys) {
        List<Integer> found = new ArrayList<>();
        for (String key : keys) {
            if (!key.isEmpty()) {
                found.add(id(key));
            }
        }
        int[] result = new int[found.size()];
        for (int i = 0; i < result.length; i++) {
            result[i] = found.get(i);
        }
        return result;
    }

    private int id(String key) {
        String name = key.equals("<any>") || key.equals("<pad>") ? key : normalize(key);
        if (!ids.containsKey(name) && isTone(last(name))) {
            name = name.substring(0, name.length() - 1); // a tone that no hanzi of it has
        }
        Integer id = ids.get(name);
        if (id == null) {
            throw new IllegalArgumentException(
                    "'" + key + "' is no pinyin syllable or beginning of one: use full syllables, "
                            + "prefixes like zh, or <any>.");
        }
        return id;
    }

    /** Lower case, v for ü, tone marks and tone digits as one digit at the end, 5 neutral. */
    static String normalize(String key) {
        key = ENDS.matcher(key).replaceAll("").toLowerCase(Locale.ROOT).replace("u:", "v");
        String tone = "";
        StringBuilder plain = new StringBuilder();
        for (char c : Normalizer.normalize(key, Normalizer.Form.NFD).toCharArray()) {
            int mark = TONE_MARKS.indexOf(c);
            if (mark >= 0) {
                tone = String.valueOf(mark + 1);
            } else if (c == '\u0308' && last(plain) == 'u') {
                plain.setCharAt(plain.length() - 1, 'v');
            } else {
                plain.append(c);
            }
        }
        char end = last(plain);
        if (end >= '0' && end <= '5') {
            tone = end == '0' ? "5" : String.valueOf(end);
            plain.setLength(plain.length() - 1);
        }
        if (plain.length() > 1 && "jqxy".indexOf(plain.charAt(0)) >= 0 && plain.charAt(1) == 'v') {
            plain.setCharAt(1, 'u');
        } else if (plain.indexOf("lue") == 0 || plain.indexOf("nue") == 0) {
            plain.setCharAt(1, 'v');
        }
        return plain + tone;
    }

    /** Whether this is a whole syllable, with a tone or without. */
    boolean isSyllable(String name) {
        if (isTone(last(name))) {
            name = name.substring(0, name.length() - 1);
        }
        int id = ids.getOrDefault(name, 0);
        return id >= 2 && id < firstPrefix;
    }

    /** Whether this is what one may type for a hanzi: no padding, no wildcard. */
    boolean isTyped(String name) {
        return ids.getOrDefault(name, 0) >= 2;
    }

    private static boolean isTone(char c) {
        return c >= '1' && c <= '5';
    }

    private static char last(CharSequence text) {
        return text.length() == 0 ? 0 : text.charAt(text.length() - 1);
    }
}
