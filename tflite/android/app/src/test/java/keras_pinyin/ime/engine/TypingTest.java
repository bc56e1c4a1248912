package keras_pinyin.ime.engine;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import keras_pinyin.ime.engine.Composition.Candidate;
import org.junit.Test;

/** A composition, and typing into an editor, with conversions by the real model. */
public final class TypingTest {
    private final Converter converter = ProcessRuntime.converter();
    private final Composition composition = new Composition();
    private final Text editor = new Text();

    /** An editor as Android's: a text, and at its end what is being typed. */
    private static final class Text implements Typing.Editor {
        String text = "";
        String composing = "";
        List<Candidate> shown = Collections.emptyList();
        int failures;
        int enters;

        @Override
        public String before() {
            return text + composing;
        }

        @Override
        public void compose(String composed) {
            composing = composed;
        }

        @Override
        public void commit(String committed) {
            text += committed;
            composing = "";
        }

        @Override
        public void finish() {
            commit(composing);
        }

        @Override
        public void delete() {
            text = text.substring(0, Math.max(0, text.length() - 1));
        }

        @Override
        public void enter() {
            enters++;
        }

        @Override
        public void show(List<Candidate> candidates) {
            shown = candidates;
        }

        @Override
        public void failed(RuntimeException error) {
            failures++;
        }
    }

    private Typing typing() {
        return typing(Runnable::run);
    }

    private Typing typing(Executor worker) {
        Typing typing =
                new Typing(
                        editor,
                        request -> Composition.candidates(request, converter),
                        worker,
                        Runnable::run);
        typing.start(false);
        return typing;
    }

    private static void type(Typing typing, String keys) {
        keys.chars().forEach(key -> typing.key(String.valueOf((char) key)));
    }

    private void type(String letters) {
        letters.chars().forEach(letter -> assertTrue(composition.type((char) letter)));
    }

    private List<Candidate> convert() {
        Composition.Request request = composition.request();
        assertTrue(composition.show(request, Composition.candidates(request, converter)));
        return composition.shown();
    }

    private Candidate covering(int letters) {
        return convert().stream().filter(c -> c.letters() == letters).findFirst().orElseThrow();
    }

    private static int hanzi(String text) {
        return text.codePointCount(0, text.length());
    }

    @Test
    public void sentencesWordsAndHanziAreOffered() {
        composition.start("你好，");
        type("jintiantianqi");
        List<Candidate> found = convert();
        assertEquals(13, found.get(0).letters());
        assertEquals(4, hanzi(found.get(0).text()));
        for (int letters : new int[] {3, 7, 11, 13}) {
            assertTrue(found.stream().anyMatch(candidate -> candidate.letters() == letters));
        }
        for (Candidate candidate : found) {
            assertTrue(candidate.letters() >= 1 && candidate.letters() <= 13);
        }
        assertEquals(found.size(), found.stream().distinct().count());
    }

    @Test
    public void aShorterChoiceIsFixedAndTheRestConvertedAgain() {
        composition.start("");
        type("jintiantianqi");
        Candidate first = covering(7);
        assertEquals("", composition.choose(first));
        assertEquals(first.text() + "tianqi", composition.text());
        assertEquals(new Composition.Request(first.text(), "tianqi"), composition.request());
        assertNull(composition.shown());
        Candidate second = covering(6);
        assertEquals(first.text() + second.text(), composition.choose(second));
        assertTrue(composition.isEmpty());
        assertEquals("", composition.text());
        assertEquals(first.text() + second.text(), composition.request().context());
    }

    @Test
    public void backspaceGoesIntoChoices() {
        composition.start("");
        type("jin'tianq");
        Candidate first = covering(4); // the apostrophe goes with jin
        assertEquals("", composition.choose(first));
        assertEquals(first.text() + "tianq", composition.text());
        composition.backspace(); // takes back the choice
        assertEquals("jin'tianq", composition.text());
        composition.backspace();
        assertEquals("jin'tian", composition.text());
        composition.choose(covering(4));
        type("q");
        for (int i = 0; i < 4; i++) {
            composition.backspace();
        }
        assertEquals(first.text() + "t", composition.text());
        composition.backspace(); // no letter is left: the choice opens
        assertEquals("jin'", composition.text());
        for (int i = 0; i < 4; i++) {
            composition.backspace();
        }
        assertTrue(composition.isEmpty());
        composition.backspace();
        assertEquals("", composition.text());
    }

    @Test
    public void moreKeysThanTheModelTakesAreConvertedInParts() {
        int limit = converter.metadata.keyLimit;
        composition.start("");
        type(String.join("", Collections.nCopies(limit + 2, "t")));
        Candidate part = convert().get(0);
        assertEquals(limit, part.letters());
        assertEquals(limit, hanzi(part.text()));
        assertEquals("", composition.choose(part));
        assertEquals(limit + 2, hanzi(composition.choose(convert().get(0))));
    }

    @Test
    public void whatIsNoPinyinStaysAsItIs() {
        composition.start("");
        assertFalse(composition.type('\''));
        assertFalse(composition.type('1'));
        assertFalse(composition.type('，'));
        type("Hvvv");
        assertEquals(Collections.singletonList(new Candidate("hvvv", 4)), convert());
        composition.start("");
        type("jin");
        assertFalse(composition.type('9'));
        for (int i = 0; i < 999; i++) {
            composition.type('a');
        }
        assertEquals(200, composition.text().length());
    }

    @Test
    public void oldAnswersAreNotTaken() {
        composition.start("");
        type("jin");
        Composition.Request request = composition.request();
        type("t");
        assertFalse(composition.show(request, Collections.emptyList()));
        assertNull(composition.shown());
    }

    @Test
    public void spaceChoosesTheFirstAndHanziThatFollowAreOffered() {
        Typing typing = typing();
        type(typing, "jintian");
        assertEquals("jintian", editor.composing);
        String best = editor.shown.get(0).text();
        type(typing, " ");
        assertEquals(best, editor.text);
        assertEquals("", editor.composing);
        assertEquals(converter.predict(best).get(0).text(), editor.shown.get(0).text());
        Candidate next = editor.shown.get(0);
        typing.choose(next);
        assertEquals(best + next.text(), editor.text);
        type(typing, " ");
        assertEquals(best + next.text() + " ", editor.text);
    }

    @Test
    public void whatStandsInTheEditorCounts() {
        editor.text = "今天";
        Typing typing = typing();
        type(typing, "tianqi");
        assertEquals(
                Composition.candidates(new Composition.Request("今天", "tianqi"), converter),
                editor.shown);
        assertEquals("今天", editor.text);
    }

    @Test
    public void marksFollowWhatWasTyped() {
        Typing typing = typing();
        type(typing, "jintian");
        typing.choose(editor.shown.stream().filter(c -> c.letters() == 3).findFirst().get());
        assertEquals(1 + "tian".length(), hanzi(editor.composing));
        type(typing, "，9");
        assertEquals(4, hanzi(editor.text));
        assertTrue(editor.text.endsWith("，9"));
        type(typing, "hao\n\n");
        assertTrue(editor.text.endsWith("，9hao"));
        assertEquals(1, editor.enters);
        type(typing, "h\b\b");
        assertTrue(editor.text.endsWith("，9ha"));
        assertEquals("", editor.composing);
    }

    @Test
    public void keysWaitForTheCandidatesThatSpaceChooses() {
        Deque<Runnable> worker = new ArrayDeque<>();
        Typing typing = typing(worker::add);
        type(typing, "jintian hao ，");
        assertEquals("jintian", editor.composing);
        List<String> texts = new ArrayList<>();
        while (!worker.isEmpty()) {
            worker.remove().run();
            texts.add(editor.text);
        }
        assertEquals(2, hanzi(texts.get(0)));
        assertEquals(4, hanzi(editor.text));
        assertTrue(editor.text.endsWith("，"));
    }

    @Test
    public void tapsOnOldCandidatesDoNothing() {
        Deque<Runnable> worker = new ArrayDeque<>();
        Typing typing = typing(worker::add);
        type(typing, "jin");
        worker.remove().run();
        Candidate old = editor.shown.get(0);
        type(typing, "t");
        typing.choose(old);
        assertEquals("jint", editor.composing);
        assertEquals("", editor.text);
    }

    @Test
    public void anotherPlaceEndsTheComposition() {
        Typing typing = typing();
        type(typing, "jin");
        typing.selected(3, 3, 3);
        typing.selected(0, 0, -1); // a late report of before
        assertEquals("jin", editor.composing);
        typing.selected(0, 0, 3);
        assertEquals("jin", editor.text);
        assertEquals("", editor.composing);
        type(typing, "t");
        assertEquals("t", editor.composing);
    }

    @Test
    public void passwordsAreTypedAsTheyAre() {
        Typing typing = typing();
        typing.start(true);
        type(typing, "jin 1\b");
        assertEquals("jin ", editor.text);
        assertEquals(Collections.emptyList(), editor.shown);
        typing.toggle();
        type(typing, "hao");
        assertEquals("hao", editor.composing);
        typing.toggle();
        assertEquals("jin hao", editor.text);
    }

    @Test
    public void typingGoesOnWithoutAModel() {
        Typing typing =
                new Typing(
                        editor,
                        request -> {
                            throw new IllegalStateException("no model");
                        },
                        Runnable::run,
                        Runnable::run);
        typing.start(false);
        type(typing, "hao ");
        assertEquals("hao", editor.text);
        assertTrue(editor.failures > 0);
    }

    @Test
    public void threadsDoNotDisturb() throws Exception {
        ExecutorService worker = Executors.newSingleThreadExecutor();
        ExecutorService ui = Executors.newSingleThreadExecutor();
        Typing typing =
                new Typing(
                        editor,
                        request -> Composition.candidates(request, converter),
                        worker,
                        ui);
        ui.submit(() -> typing.start(false)).get();
        for (char key : "jintian hao tianqi ，".toCharArray()) {
            ui.submit(() -> typing.key(String.valueOf(key))).get();
        }
        for (int i = 0; i < 200 && !editor.text.endsWith("，"); i++) {
            Thread.sleep(50);
        }
        ui.shutdown();
        assertTrue(ui.awaitTermination(9, TimeUnit.SECONDS));
        worker.shutdown();
        assertEquals(6, hanzi(editor.text));
    }
}
