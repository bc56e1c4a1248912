package keras_pinyin.ime.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What is being typed: choices made so far, then letters not yet chosen for, then the caret.
 *
 * <p>It never converts by itself: `request` says what to convert, `candidates` does so on any
 * thread, and `show` takes the answer unless more was typed meanwhile.
 */
public final class Composition {
    /** More letters than a line has are a book on the keyboard, and would only cost time. */
    private static final int MOST_LETTERS = 200;

    /** A segmentation that is rarely right costs a conversion: two readings suffice. */
    private static final int READINGS = 2;

    private static final int LONGEST_WORD = 4;
    private static final int SENTENCES_WITH_WORDS = 3;

    /** A text, and how many of the letters it stands for. */
    public record Candidate(String text, int letters) {}

    /** What to convert: the letters, or what comes next if there are none. */
    public record Request(String context, String letters) {}

    private record Choice(String text, String letters) {}

    private record Scored(Candidate candidate, float score) {}

    private final List<Choice> choices = new ArrayList<>();
    private String context = "";
    private String letters = "";
    private boolean justChosen;
    private Request answered;
    private List<Candidate> candidates = Collections.emptyList();

    /** Begins anew, with the text to the left of the caret. */
    public void start(String context) {
        this.context = context;
        choices.clear();
        letters = "";
        justChosen = false;
        answered = null;
    }

    public boolean isEmpty() {
        return letters.isEmpty();
    }

    /** Takes a letter, an apostrophe or the digit of a tone; false if it is none of these. */
    public boolean type(char c) {
        char lower = c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
        boolean border = lower == '\'' || lower >= '1' && lower <= '5';
        if (!(lower >= 'a' && lower <= 'z' || border && !isEmpty())) {
            return false;
        }
        if (letters.length() < MOST_LETTERS) {
            letters += lower;
            justChosen = false;
        }
        return true;
    }

    /**
     * Takes back the choice just made; otherwise the last letter, and when none is left, the last
     * choice, whose letters are there again.
     */
    public void backspace() {
        if (!justChosen && !isEmpty()) {
            letters = letters.substring(0, letters.length() - 1);
        }
        if ((justChosen || isEmpty()) && !choices.isEmpty()) {
            letters = choices.remove(choices.size() - 1).letters + letters;
        }
        justChosen = false;
    }

    /** What the editor shows while typing. */
    public String text() {
        StringBuilder text = new StringBuilder();
        for (Choice choice : choices) {
            text.append(choice.text);
        }
        return text + letters;
    }

    public Request request() {
        String text = text();
        String chosen = text.substring(0, text.length() - letters.length());
        return new Request(context + chosen, letters);
    }

    /** Takes the answer to a request; false if it is not what is asked for now. */
    public boolean show(Request request, List<Candidate> found) {
        if (!request.equals(request())) {
            return false;
        }
        answered = request;
        candidates = found;
        return true;
    }

    /** The answer to the request of now; null while there is none. */
    public List<Candidate> shown() {
        return request().equals(answered) ? candidates : null;
    }

    /**
     * Fixes one of the candidates shown.
     *
     * @return the text to commit, or "" if letters remain, which are to be converted again
     */
    public String choose(Candidate candidate) {
        choices.add(new Choice(candidate.text, letters.substring(0, candidate.letters)));
        letters = letters.substring(candidate.letters);
        justChosen = true;
        return letters.isEmpty() ? commit() : "";
    }

    /** Ends the composition with what `text` says, and returns that. */
    public String commit() {
        String text = text();
        start(context + text);
        return text;
    }

    /** The candidates for a request: sentences, then words at their beginning, then hanzi. */
    public static List<Candidate> candidates(Request request, Converter converter) {
        if (request.letters.isEmpty()) {
            List<Candidate> next = new ArrayList<>();
            for (Converter.Ranked hanzi : converter.predict(request.context)) {
                next.add(new Candidate(hanzi.text(), 0));
            }
            return next;
        }
        List<Segmentation.Reading> readings;
        try {
            readings = converter.segmentation.read(request.letters, READINGS);
        } catch (IllegalArgumentException noPinyin) {
            return Collections.singletonList(
                    new Candidate(request.letters, request.letters.length()));
        }
        int limit = converter.metadata.keyLimit;
        if (readings.get(0).keys().size() > limit) {
            readings = readings.subList(0, 1); // beginnings of two readings cannot be compared
        }
        List<Scored> sentences = new ArrayList<>();
        Set<Candidate> words = new LinkedHashSet<>();
        Set<Candidate> hanzi = new LinkedHashSet<>();
        for (Segmentation.Reading reading : readings) {
            int count = Math.min(limit, reading.keys().size());
            List<Scored> found = convert(request, converter, reading, count);
            sentences.addAll(found);
            found = found.subList(0, Math.min(SENTENCES_WITH_WORDS, found.size()));
            for (int length = Math.min(LONGEST_WORD, count - 1); length > 1; length--) {
                for (Scored sentence : found) {
                    String text = sentence.candidate.text;
                    String word = text.substring(0, text.offsetByCodePoints(0, length));
                    words.add(new Candidate(word, end(request, reading, length)));
                }
            }
            if (count > 1) {
                for (Scored first : convert(request, converter, reading, 1)) {
                    hanzi.add(first.candidate);
                }
            }
        }
        sentences.sort((one, other) -> Float.compare(other.score, one.score));
        Set<Candidate> all = new LinkedHashSet<>();
        for (Scored sentence : sentences) {
            all.add(sentence.candidate);
        }
        all.addAll(words);
        all.addAll(hanzi);
        return new ArrayList<>(all);
    }

    private static List<Scored> convert(
            Request request, Converter converter, Segmentation.Reading reading, int count) {
        List<Scored> found = new ArrayList<>();
        List<String> keys = reading.keys().subList(0, count);
        for (Converter.Ranked ranked : converter.convert(request.context, keys)) {
            Candidate candidate = new Candidate(ranked.text(), end(request, reading, count));
            found.add(new Scored(candidate, ranked.score()));
        }
        return found;
    }

    /** Where the rest of the letters begins after so many keys; apostrophes go with what ends. */
    private static int end(Request request, Segmentation.Reading reading, int count) {
        int end = reading.ends().get(count - 1);
        while (end < request.letters.length() && request.letters.charAt(end) == '\'') {
            end++;
        }
        return end;
    }
}
