package keras_pinyin.ime.engine;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** What a .tflite file says of itself: vocabulary, keys, limits. */
public final class Metadata {
    private static final int FORMAT = 1;
    private static final String NAME = "keras_pinyin";
    /** Far more than any vocabulary: a damaged file must not fill the memory. */
    private static final int LARGEST = 1 << 26;
    // Places of fields in TFLite's schema (schema.fbs).
    private static final int BUFFERS = 4;
    private static final int METADATA = 6;

    public final String name;
    public final List<String> tokens;
    public final List<String> keys;
    /** Keys from 2 to here are full syllables. */
    public final int firstPrefix;

    /** Half-width marks and what stands for them. */
    public final Map<String, String> fullWidth;

    /** Tokens whose runs are one token. */
    public final List<String> runs;

    public final int contextLimit;
    public final int keyLimit;
    public final int candidates;
    /** The only length that goes in, or 0 where any does. */
    public final int contextShape;

    public final int keyShape;

    private Metadata(Map<String, Object> described) {
        Map<String, Object> text = map(described, "text");
        Map<String, Object> limits = map(described, "limits");
        Map<String, Object> shapes = map(described, "shapes");
        name = (String) described.get("name");
        tokens = strings(described.get("tokens"));
        keys = strings(described.get("keys"));
        firstPrefix = number(described, "first_prefix");
        fullWidth = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry : map(text, "full_width").entrySet()) {
            fullWidth.put(entry.getKey(), (String) entry.getValue());
        }
        runs = strings(text.get("runs"));
        contextLimit = number(limits, "context");
        keyLimit = number(limits, "keys");
        candidates = number(limits, "candidates");
        contextShape = shapes.get("context") == null ? 0 : number(shapes, "context");
        keyShape = shapes.get("keys") == null ? 0 : number(shapes, "keys");
    }

    /**
     * Reads the metadata of a .tflite file.
     *
     * @param file its content, mapped or read; neither position nor order is changed
     * @throws IllegalArgumentException if it is no file that recipes/export.py wrote
     */
    public static Metadata read(ByteBuffer file) {
        Map<String, Object> described;
        try {
            String json = new String(inflate(named(file)), StandardCharsets.UTF_8);
            described = cast(Json.parse(json));
            if (number(described, "format") <= FORMAT) {
                return new Metadata(described);
            }
        } catch (RuntimeException | DataFormatException error) {
            throw new IllegalArgumentException(
                    "This is no .tflite file made by recipes/export.py.", error);
        }
        throw new IllegalArgumentException(
                "The file is of format " + described.get("format") + ", and this program reads up"
                        + " to " + FORMAT + ": update the program.");
    }

    private static byte[] named(ByteBuffer file) {
        Flatbuffer content = new Flatbuffer(file);
        if (content.number(4) != 0x334c4654) { // TFL3
            throw new IllegalArgumentException("no flatbuffer of TFLite");
        }
        int model = content.number(0);
        for (int entry : content.tables(content.field(model, METADATA))) {
            byte[] found = content.bytes(content.field(entry, 0));
            if (Arrays.equals(found, NAME.getBytes(StandardCharsets.UTF_8))) {
                int buffer = content.number(content.field(entry, 1));
                int table = content.tables(content.field(model, BUFFERS)).get(buffer);
                return content.bytes(content.field(table, 0));
            }
        }
        throw new IllegalArgumentException("no metadata of ours");
    }

    private static byte[] inflate(byte[] packed) throws DataFormatException {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(packed);
            ByteArrayOutputStream out = new ByteArrayOutputStream(8 * packed.length);
            byte[] chunk = new byte[8192];
            while (!inflater.finished()) {
                int count = inflater.inflate(chunk);
                if (count == 0 || out.size() > LARGEST) {
                    throw new DataFormatException("cut short, or too long");
                }
                out.write(chunk, 0, count);
            }
            return out.toByteArray();
        } finally {
            inflater.end();
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> cast(Object object) {
        return (Map<String, Object>) object;
    }

    private static Map<String, Object> map(Map<String, Object> parent, String name) {
        return cast(parent.get(name));
    }

    private static int number(Map<String, Object> parent, String name) {
        return ((Number) parent.get(name)).intValue();
    }

    private static List<String> strings(Object list) {
        List<String> found = new ArrayList<>();
        for (Object item : (List<?>) list) {
            found.add((String) item);
        }
        return Collections.unmodifiableList(found);
    }

    /** As much of the flatbuffer format as finding a named buffer takes. */
    private static final class Flatbuffer {
        private final ByteBuffer content;

        Flatbuffer(ByteBuffer file) {
            content = file.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        }

        int number(int at) {
            return content.getInt(at);
        }

        /** Where a field of a table lies, 0 if it is not there. */
        int field(int table, int index) {
            int layout = table - number(table);
            if (4 + 2 * index >= (content.getShort(layout) & 0xffff)) {
                return 0;
            }
            int offset = content.getShort(layout + 4 + 2 * index) & 0xffff;
            return offset == 0 ? 0 : table + offset;
        }

        List<Integer> tables(int at) {
            int start = at + number(at);
            List<Integer> found = new ArrayList<>();
            for (int i = 0; i < number(start); i++) {
                int entry = start + 4 + 4 * i;
                found.add(entry + number(entry));
            }
            return found;
        }

        byte[] bytes(int at) {
            int start = at + number(at);
            if (number(start) < 0 || number(start) > content.limit() - start - 4) {
                throw new IllegalArgumentException("a buffer beyond the end");
            }
            byte[] found = new byte[number(start)];
            for (int i = 0; i < found.length; i++) {
                found[i] = content.get(start + 4 + i);
            }
            return found;
        }
    }
}
