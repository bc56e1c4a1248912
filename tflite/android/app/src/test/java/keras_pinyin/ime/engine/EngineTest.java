package keras_pinyin.ime.engine;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.Test;

public final class EngineTest {
    // Full syllables from 2 to 9, then prefixes.
    private static final Keys KEYS =
            new Keys(
                    Arrays.asList(
                            "<pad>", "<any>", "an", "fan", "fang", "gan", "hao", "lve", "xi",
                            "xian", "f", "g", "h", "x", "an1", "xi1"),
                    10);

    private static String refusal(Runnable run) {
        return assertThrows(IllegalArgumentException.class, run::run).getMessage();
    }

    @Test
    public void jsonIsRead() {
        assertEquals(
                Map.of("a", List.of(1L, -2.5, 3e2), "b", "中\"\\\n\u00e9/", "c", Map.of()),
                Json.parse(
                        " {\"a\" : [1,-2.5 , 3e2], \"b\":\"中\\\"\\\\\\n\\u00e9\\/\", \"c\":{} } "));
        assertEquals(Arrays.asList(true, false, null), Json.parse("[true,false,null]"));
        assertEquals("\ud842\udfb7", Json.parse("\"\\ud842\\udfb7\""));
        for (String bad :
                Arrays.asList(
                        "", "[", "[1,]", "{1:2}", "{\"a\" 1}", "\"", "\"\\x\"", "\"\\u12\"", "01",
                        "1.", "nul", "[] []", "\"\n\"", "-", "+1")) {
            assertTrue(bad, refusal(() -> Json.parse(bad)).startsWith("No JSON: "));
        }
    }

    @Test
    public void metadataIsRead() {
        Metadata metadata = Metadata.read(ProcessRuntime.model());
        assertEquals("[PAD]", metadata.tokens.get(0));
        assertEquals("<any>", metadata.keys.get(1));
        assertEquals("，", metadata.fullWidth.get(","));
        assertTrue(metadata.runs.contains("…"));
        assertTrue(metadata.firstPrefix > 2 && metadata.firstPrefix < metadata.keys.size());
        assertTrue(metadata.contextLimit > 0 && metadata.candidates > 0 && metadata.keyLimit > 0);
        assertTrue(metadata.keyShape == 0 || metadata.keyShape == metadata.keyLimit);
    }

    @Test
    public void otherFilesAreRefused() {
        ByteBuffer model = ProcessRuntime.model();
        byte[] content = new byte[model.limit()];
        model.get(content);
        for (int size : new int[] {0, 4, 8, 100, content.length / 2}) {
            ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(content, size));
            assertTrue(refusal(() -> Metadata.read(cut)).contains("recipes/export.py"));
        }
        String text = new String(content, StandardCharsets.ISO_8859_1);
        String zlib = "x\u00da"; // its first bytes
        for (String part : Arrays.asList("keras_pinyin", zlib)) {
            byte[] damaged = content.clone();
            for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
                Arrays.fill(damaged, at + 2, Math.min(at + 8, damaged.length), (byte) 0xff);
            }
            ByteBuffer file = ByteBuffer.wrap(damaged);
            assertTrue(refusal(() -> Metadata.read(file)).contains("recipes/export.py"));
        }
    }

    @Test
    public void keysAreNormalized() {
        String[][] pairs = {
            {"ZHŌNG", "zhong1"}, {"lü4", "lv4"}, {"nue", "nve"}, {"u:", "v"}, {"jv", "ju"},
            {"xi0", "xi5"}, {" hǎo ", "hao3"}, {"lǜe", "lve4"}, {"", ""}, {"\u0308", "\u0308"},
        };
        for (String[] pair : pairs) {
            assertEquals(pair[1], Keys.normalize(pair[0]));
        }
    }

    @Test
    public void keysAreParsed() {
        assertArrayEquals(new int[] {8, 2, 14, 6}, KEYS.parse(" xi'an  AN1 hǎo"));
        assertArrayEquals(new int[] {1, 13}, KEYS.parse(Arrays.asList("<any>", "x", "")));
        assertArrayEquals(new int[0], KEYS.parse("'"));
        assertTrue(refusal(() -> KEYS.parse("hao xyz")).startsWith("'xyz' is no pinyin syllable"));
    }

    @Test
    public void lettersAreSplit() {
        String[][] cases = {
            {"xian", "[[xian], [xi, an]]", "[[4], [2, 4]]"},
            {"fangan", "[[fang, an], [fan, gan]]", "[[4, 6], [3, 6]]"},
            {"XI'AN", "[[xi, an]]", "[[2, 5]]"},
            {"xi1an1", "[[xi1, an1]]", "[[3, 6]]"},
            {"haoh", "[[hao, h]]", "[[3, 4]]"},
            {"'lue''hao", "[[lve, hao]]", "[[4, 9]]"},
        };
        Segmentation segmentation = new Segmentation(KEYS);
        for (String[] one : cases) {
            List<String> keys = new ArrayList<>();
            List<String> ends = new ArrayList<>();
            for (Segmentation.Reading reading : segmentation.read(one[0], 8)) {
                keys.add(reading.keys().toString());
                ends.add(reading.ends().toString());
            }
            assertEquals(one[1], keys.toString());
            assertEquals(one[2], ends.toString());
        }
        assertEquals(1, segmentation.read("xianxian", 1).size());
        assertTrue(refusal(() -> segmentation.read("hao?", 8)).startsWith("'hao?' cannot be read"));
        assertTrue(refusal(() -> segmentation.read("''", 8)).startsWith("There are no letters"));
    }

    @Test
    public void textIsEncoded() {
        Metadata metadata = Metadata.read(ProcessRuntime.model());
        Tokens tokens = new Tokens(metadata);
        List<String> found = new ArrayList<>();
        for (int id : tokens.encode("ａｂ1,234.5\u3000,...——\n\ud842\udfb7龘")) {
            found.add(metadata.tokens.get(id));
        }
        assertEquals(
                Arrays.asList("[LATIN]", "[NUM]", "，", "…", "—", "[BOS]", "[UNK]"),
                found.subList(0, 7));
        assertEquals(0, tokens.encode(" \t").length);
        int[] none = tokens.context("");
        assertEquals(Math.max(1, metadata.contextShape), none.length);
        assertEquals(0, Arrays.stream(none).sum());
        int[] much = tokens.context(String.join("", Collections.nCopies(99, "，。")));
        assertEquals(metadata.contextLimit, much.length);
        assertEquals(metadata.tokens.indexOf("。"), much[much.length - 1]);
    }

    @Test
    public void onlyTheLatestRuns() {
        Deque<Runnable> worker = new ArrayDeque<>();
        Deque<Runnable> ui = new ArrayDeque<>();
        List<String> log = new ArrayList<>();
        Latest<String> latest = new Latest<>(worker::add, ui::add);
        for (String name : Arrays.asList("a", "b")) {
            latest.submit(() -> name, result -> log.add("done " + result));
        }
        assertEquals(1, worker.size());
        worker.remove().run(); // runs b; a was never begun
        latest.submit(() -> "c", result -> log.add("done " + result));
        ui.remove().run(); // b is no longer wanted
        worker.remove().run();
        ui.remove().run();
        assertEquals(Collections.singletonList("done c"), log);
        assertTrue(worker.isEmpty() && ui.isEmpty());
    }
}
