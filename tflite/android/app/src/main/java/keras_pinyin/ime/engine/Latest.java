package keras_pinyin.ime.engine;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Runs only the newest of what is asked for: nobody waits for candidates of older letters. */
public final class Latest<T> {
    private final Executor worker;
    private final Executor ui;
    private final AtomicReference<Job<T>> waiting = new AtomicReference<>();
    private volatile Job<T> newest;

    private record Job<T>(Supplier<T> work, Consumer<T> done) {}

    /**
     * @param worker runs the work, one at a time
     * @param ui runs what takes the results; on its thread `submit` is called
     */
    public Latest(Executor worker, Executor ui) {
        this.worker = worker;
        this.ui = ui;
    }

    public void submit(Supplier<T> work, Consumer<T> done) {
        Job<T> job = new Job<>(work, done);
        newest = job;
        if (waiting.getAndSet(job) == null) {
            worker.execute(this::run);
        }
    }

    private void run() {
        Job<T> job = waiting.getAndSet(null);
        T result = job.work.get();
        ui.execute(
                () -> {
                    if (job == newest) {
                        job.done.accept(result);
                    }
                });
    }
}
