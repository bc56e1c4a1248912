package keras_pinyin.ime;

import android.content.res.AssetFileDescriptor;
import android.inputmethodservice.InputMethodService;
import android.os.Handler;
import android.os.Looper;
import android.text.InputType;
import android.util.Log;
import android.view.HapticFeedbackConstants;
import android.view.KeyEvent;
import android.view.View;
import android.view.ViewGroup;
import android.view.inputmethod.EditorInfo;
import android.view.inputmethod.InputConnection;
import android.view.inputmethod.InputMethodManager;
import android.widget.HorizontalScrollView;
import android.widget.TextView;
import android.widget.Toast;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import keras_pinyin.ime.engine.Composition;
import keras_pinyin.ime.engine.Converter;
import keras_pinyin.ime.engine.Metadata;
import keras_pinyin.ime.engine.Typing;

/** The input method as Android sees it; what it does is in `engine`. */
public final class PinyinService extends InputMethodService implements Typing.Editor {
    private static final String TAG = "keras_pinyin";
    private static final String MODEL = "model.tflite";
    private static final int CONTEXT_CHARACTERS = 64; // the model reads 32 tokens
    private static final int THREADS = 2;

    private final ExecutorService worker = Executors.newSingleThreadExecutor();
    private Typing typing;
    private ViewGroup strip;
    private TextView language;

    // Both belong to the worker's thread.
    private LiteRtRuntime runtime;
    private Converter converter;

    @Override
    public void onCreate() {
        super.onCreate();
        Handler main = new Handler(Looper.getMainLooper());
        typing = new Typing(this, this::search, worker, main::post);
    }

    @Override
    public void onDestroy() {
        worker.execute(
                () -> {
                    if (runtime != null) {
                        runtime.close();
                    }
                });
        worker.shutdown();
        super.onDestroy();
    }

    /** Runs on the worker's thread; the first call loads the model. */
    private List<Composition.Candidate> search(Composition.Request request) {
        if (converter == null) {
            try {
                MappedByteBuffer model = map();
                Metadata metadata = Metadata.read(model);
                runtime = new LiteRtRuntime(model, metadata.candidates, THREADS);
                converter = new Converter(metadata, runtime);
            } catch (IOException error) {
                throw new IllegalStateException(error);
            }
        }
        return Composition.candidates(request, converter);
    }

    private MappedByteBuffer map() throws IOException {
        try (AssetFileDescriptor asset = getAssets().openFd(MODEL);
                FileInputStream stream = new FileInputStream(asset.getFileDescriptor())) {
            return stream.getChannel()
                    .map(
                            FileChannel.MapMode.READ_ONLY,
                            asset.getStartOffset(),
                            asset.getDeclaredLength());
        }
    }

    @Override
    public View onCreateInputView() {
        View view = getLayoutInflater().inflate(R.layout.keyboard, null);
        strip = view.findViewById(R.id.candidates);
        language = view.findViewById(R.id.language);
        listen(view.findViewById(R.id.keys));
        return view;
    }

    private void listen(View view) {
        if (view instanceof ViewGroup group) {
            for (int i = 0; i < group.getChildCount(); i++) {
                listen(group.getChildAt(i));
            }
        } else if (view instanceof TextView) {
            view.setOnClickListener(this::press);
        }
    }

    private void press(View view) {
        view.performHapticFeedback(HapticFeedbackConstants.KEYBOARD_TAP);
        int id = view.getId();
        if (id == R.id.backspace) {
            typing.key(Typing.BACKSPACE);
        } else if (id == R.id.enter) {
            typing.key(Typing.ENTER);
        } else if (id == R.id.space) {
            typing.key(Typing.SPACE);
        } else if (id == R.id.language) {
            typing.toggle();
            showLanguage();
        } else if (id == R.id.picker) {
            getSystemService(InputMethodManager.class).showInputMethodPicker();
        } else {
            typing.key(((TextView) view).getText().toString());
        }
    }

    @Override
    public void onStartInput(EditorInfo info, boolean restarting) {
        super.onStartInput(info, restarting);
        typing.start(isDirect(info.inputType));
    }

    @Override
    public void onStartInputView(EditorInfo info, boolean restarting) {
        super.onStartInputView(info, restarting);
        // The view may be newer than what `onStartInput` showed.
        typing.start(isDirect(info.inputType));
        showLanguage();
    }

    private void showLanguage() {
        language.setText(typing.isDirect() ? R.string.latin : R.string.pinyin);
    }

    @Override
    public void onFinishInput() {
        super.onFinishInput();
        typing.start(true);
    }

    @Override
    public void onUpdateSelection(
            int oldStart, int oldEnd, int start, int end, int composingStart, int composingEnd) {
        super.onUpdateSelection(oldStart, oldEnd, start, end, composingStart, composingEnd);
        typing.selected(start, end, composingEnd);
    }

    @Override
    public boolean onEvaluateFullscreenMode() {
        return false; // text to the left would be out of sight
    }

    private static boolean isDirect(int type) {
        int variation = type & InputType.TYPE_MASK_VARIATION;
        return switch (type & InputType.TYPE_MASK_CLASS) {
            case InputType.TYPE_CLASS_TEXT ->
                    variation == InputType.TYPE_TEXT_VARIATION_PASSWORD
                            || variation == InputType.TYPE_TEXT_VARIATION_VISIBLE_PASSWORD
                            || variation == InputType.TYPE_TEXT_VARIATION_WEB_PASSWORD
                            || variation == InputType.TYPE_TEXT_VARIATION_EMAIL_ADDRESS
                            || variation == InputType.TYPE_TEXT_VARIATION_WEB_EMAIL_ADDRESS
                            || variation == InputType.TYPE_TEXT_VARIATION_URI;
            default -> true; // numbers, dates, and editors that take raw keys
        };
    }

    @Override
    public String before() {
        InputConnection connection = getCurrentInputConnection();
        CharSequence text =
                connection == null ? null : connection.getTextBeforeCursor(CONTEXT_CHARACTERS, 0);
        return text == null ? "" : text.toString();
    }

    @Override
    public void compose(String text) {
        InputConnection connection = getCurrentInputConnection();
        if (connection != null) {
            connection.setComposingText(text, 1);
        }
    }

    @Override
    public void commit(String text) {
        InputConnection connection = getCurrentInputConnection();
        if (connection != null) {
            connection.commitText(text, 1);
        }
    }

    @Override
    public void finish() {
        InputConnection connection = getCurrentInputConnection();
        if (connection != null) {
            connection.finishComposingText();
        }
    }

    @Override
    public void delete() {
        sendDownUpKeyEvents(KeyEvent.KEYCODE_DEL);
    }

    @Override
    public void enter() {
        sendKeyChar('\n');
    }

    @Override
    public void show(List<Composition.Candidate> candidates) {
        if (strip == null) {
            return;
        }
        strip.removeAllViews();
        for (Composition.Candidate candidate : candidates) {
            View view = getLayoutInflater().inflate(R.layout.candidate, strip, false);
            ((TextView) view).setText(candidate.text());
            view.setOnClickListener(pressed -> typing.choose(candidate));
            strip.addView(view);
        }
        ((HorizontalScrollView) strip.getParent()).scrollTo(0, 0);
    }

    @Override
    public void failed(RuntimeException error) {
        Log.e(TAG, "No conversion.", error);
        Toast.makeText(this, R.string.failed, Toast.LENGTH_SHORT).show();
    }
}
