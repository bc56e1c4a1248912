package keras_pinyin.ime.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Splits unbroken letters into keys, as keras_pinyin/text/segmentation.py does. */
public final class Segmentation {
    private static final int LONGEST = "zhuang1".length();
    private static final Pattern PIECE = Pattern.compile("[^" + Keys.BORDER + "]+");

    /** Fewer odd prefixes, then fewer keys, then longer first syllables. */
    private static final Comparator<Reading> RANK =
            (one, other) -> {
                int order = Integer.compare(one.prefixes, other.prefixes);
                if (order == 0) {
                    order = Integer.compare(one.keys.size(), other.keys.size());
                }
                for (int i = 0; order == 0 && i < one.keys.size(); i++) {
                    order = other.keys.get(i).length() - one.keys.get(i).length();
                }
                return order;
            };

    private final Keys keys;

    public Segmentation(Keys keys) {
        this.keys = keys;
    }

    /** One way to read letters: the keys, and where in the letters each of them ends. */
    public record Reading(List<String> keys, List<Integer> ends, int prefixes) {
        private static final Reading EMPTY =
                new Reading(Collections.emptyList(), Collections.emptyList(), 0);

        private Reading and(List<String> moreKeys, List<Integer> moreEnds, int cost) {
            List<String> allKeys = new ArrayList<>(keys);
            List<Integer> allEnds = new ArrayList<>(ends);
            allKeys.addAll(moreKeys);
            allEnds.addAll(moreEnds);
            return new Reading(allKeys, allEnds, prefixes + cost);
        }
    }

    /**
     * The likeliest ways to read letters as keys, best first.
     *
     * @param letters like jintiantianqi, xi'an or xi1an1
     * @throws IllegalArgumentException if the letters cannot be read as pinyin
     */
    public List<Reading> read(String letters, int best) {
        letters = letters.toLowerCase(Locale.ROOT);
        List<int[]> pieces = new ArrayList<>();
        for (Matcher piece = PIECE.matcher(letters); piece.find(); ) {
            pieces.add(new int[] {piece.start(), piece.end()});
        }
        if (pieces.isEmpty()) {
            throw new IllegalArgumentException(
                    "There are no letters to convert: type pinyin, like nihao.");
        }
        List<Reading> readings = Collections.singletonList(Reading.EMPTY);
        for (int[] piece : pieces) {
            boolean last = piece == pieces.get(pieces.size() - 1);
            List<Reading> joined = new ArrayList<>();
            List<Reading> found = split(letters, piece[0], piece[1], best, last);
            for (Reading done : readings) {
                for (Reading more : found) {
                    joined.add(done.and(more.keys, more.ends, more.prefixes));
                }
            }
            readings = best(joined, best);
        }
        return readings;
    }

    private List<Reading> split(String letters, int from, int to, int best, boolean unfinished) {
        List<List<Reading>> done = new ArrayList<>(); // readings of the letters up to from + i
        done.add(Collections.singletonList(Reading.EMPTY));
        for (int end = from + 1; end <= to; end++) {
            List<Reading> found = new ArrayList<>();
            for (int start = Math.max(from, end - LONGEST); start < end; start++) {
                String part = Keys.normalize(letters.substring(start, end));
                boolean complete = keys.isSyllable(part);
                if (!complete && !keys.isTyped(part)) {
                    continue;
                }
                // An unfinished syllable is what one expects at the very end, and odd before.
                int cost = complete ? 0 : unfinished && end == to ? 1 : 3;
                List<String> key = Collections.singletonList(part);
                for (Reading before : done.get(start - from)) {
                    found.add(before.and(key, Collections.singletonList(end), cost));
                }
            }
            done.add(best(found, best));
        }
        List<Reading> found = done.get(to - from);
        if (found.isEmpty()) {
            throw new IllegalArgumentException(
                    "'" + letters.substring(from, to) + "' cannot be read as pinyin: use syllables "
                            + "like zhong or beginnings of them.");
        }
        // Prefixes are a last resort: they go when full syllables do.
        List<Reading> least = new ArrayList<>(found);
        least.removeIf(reading -> reading.prefixes > found.get(0).prefixes);
        return least;
    }

    private static List<Reading> best(List<Reading> readings, int best) {
        readings.sort(RANK);
        return readings.subList(0, Math.min(best, readings.size()));
    }
}
