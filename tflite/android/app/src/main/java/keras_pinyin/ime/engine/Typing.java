package keras_pinyin.ime.engine;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * From keys to texts in an editor. All methods are called on the thread of `ui`; conversions run on
 * `worker`.
 */
public final class Typing {
    public static final String BACKSPACE = "\b";
    public static final String ENTER = "\n";
    public static final String SPACE = " ";

    /** The text that is typed into, and the strip that shows candidates. */
    public interface Editor {
        /** The text to the left of the caret; "" if there is none or nobody knows. */
        String before();

        /** Shows a text as being typed, in place of the last such text. */
        void compose(String text);

        /** Puts a text in place of what is being typed. */
        void commit(String text);

        /** Leaves what is being typed as it stands. */
        void finish();

        /** Deletes what is left of the caret. */
        void delete();

        void enter();

        void show(List<Composition.Candidate> candidates);

        /** A conversion was not possible; typing goes on without candidates. */
        void failed(RuntimeException error);
    }

    private final Editor editor;
    private final Executor ui;
    private final Function<Composition.Request, List<Composition.Candidate>> search;
    private final Latest<List<Composition.Candidate>> latest;
    private final Composition composition = new Composition();
    private final Deque<String> keys = new ArrayDeque<>();
    private boolean direct;
    private String composed = "";

    /** Space was pressed before its candidates were there: keys wait until they are. */
    private boolean picking;

    public Typing(
            Editor editor,
            Function<Composition.Request, List<Composition.Candidate>> search,
            Executor worker,
            Executor ui) {
        this.editor = editor;
        this.search = search;
        this.ui = ui;
        latest = new Latest<>(worker, ui);
    }

    /**
     * Begins in an editor, or at another place in it.
     *
     * @param direct whether keys are texts by themselves, as in passwords
     */
    public void start(boolean direct) {
        this.direct = direct;
        picking = false;
        keys.clear();
        composed = "";
        composition.start(direct ? "" : editor.before());
        changed();
    }

    public boolean isDirect() {
        return direct;
    }

    /** Changes between pinyin and letters as they are. */
    public void toggle() {
        if (!composition.isEmpty()) {
            editor.finish();
        }
        start(!direct);
    }

    /** A key: one of the constants, or the text that stands on it. */
    public void key(String key) {
        keys.add(key);
        work();
    }

    /** A candidate of the last `show`; too late a tap, when more was typed, does nothing. */
    public void choose(Composition.Candidate candidate) {
        List<Composition.Candidate> shown = composition.shown();
        if (shown != null && shown.contains(candidate)) {
            take(composition.choose(candidate));
        }
    }

    /**
     * The editor says where the caret is now.
     *
     * @param composingEnd where the text being typed ends, -1 for none. Editors report late: none,
     *     while something is being typed, is old news
     */
    public void selected(int start, int end, int composingEnd) {
        if (direct || picking) {
            return;
        }
        if (composition.isEmpty()) {
            start(false);
        } else if (composingEnd >= 0 && (start != composingEnd || end != composingEnd)) {
            editor.finish();
            start(false);
        }
    }

    private void work() {
        while (!picking && !keys.isEmpty()) {
            handle(keys.remove());
        }
    }

    private void handle(String key) {
        boolean typing = !composition.isEmpty();
        switch (key) {
            case BACKSPACE:
                if (typing) {
                    composition.backspace();
                    changed();
                } else {
                    editor.delete();
                }
                break;
            case ENTER:
                if (typing) {
                    take(composition.commit());
                } else {
                    editor.enter();
                }
                break;
            case SPACE:
                if (typing) {
                    pick();
                } else {
                    editor.commit(key);
                }
                break;
            default:
                if (direct) {
                    editor.commit(key);
                    break;
                }
                if (!typing) {
                    composition.start(editor.before());
                }
                if (composition.type(key.charAt(0))) {
                    changed();
                } else if (typing) {
                    keys.addFirst(key); // it follows what is being typed
                    pick();
                } else {
                    take(key);
                }
        }
    }

    private void pick() {
        List<Composition.Candidate> shown = composition.shown();
        picking = shown == null;
        if (!picking) {
            take(shown.isEmpty() ? composition.commit() : composition.choose(shown.get(0)));
        }
    }

    private void take(String text) {
        if (!text.isEmpty()) {
            editor.commit(text);
            composed = "";
        }
        changed();
    }

    private void changed() {
        if (!composed.equals(composition.text())) {
            composed = composition.text();
            editor.compose(composed);
        }
        if (direct) {
            editor.show(Collections.emptyList());
            return;
        }
        Composition.Request request = composition.request();
        latest.submit(() -> search(request), found -> answer(request, found));
    }

    private List<Composition.Candidate> search(Composition.Request request) {
        try {
            return search.apply(request);
        } catch (RuntimeException error) {
            ui.execute(() -> editor.failed(error));
            return Collections.emptyList();
        }
    }

    private void answer(Composition.Request request, List<Composition.Candidate> found) {
        if (composition.show(request, found)) {
            editor.show(found);
            if (picking) {
                pick();
                work();
            }
        }
    }
}
