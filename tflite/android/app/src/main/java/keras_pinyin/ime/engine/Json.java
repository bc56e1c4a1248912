package keras_pinyin.ime.engine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON: Android's own reader is not there on a plain JVM, where this package is tested. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /**
     * Map, List, String, Long, Double, Boolean or null.
     *
     * @throws IllegalArgumentException if the text is no JSON
     */
    static Object parse(String text) {
        Json reader = new Json(text);
        Object found = reader.value();
        if (reader.peek() != 0) {
            throw reader.bad("something after the end");
        }
        return found;
    }

    private Object value() {
        switch (peek()) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
                return string();
            case 't':
                return word("true", true);
            case 'f':
                return word("false", false);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, Object> object() {
        Map<String, Object> found = new LinkedHashMap<>();
        at++;
        if (peek() == '}') {
            at++;
            return found;
        }
        do {
            if (peek() != '"') {
                throw bad("no name");
            }
            String name = string();
            take(':');
            found.put(name, value());
        } while (more('}'));
        return found;
    }

    private List<Object> array() {
        List<Object> found = new ArrayList<>();
        at++;
        if (peek() == ']') {
            at++;
            return found;
        }
        do {
            found.add(value());
        } while (more(']'));
        return found;
    }

    private boolean more(char end) {
        if (peek() == ',') {
            at++;
            return true;
        }
        take(end);
        return false;
    }

    private String string() {
        StringBuilder found = new StringBuilder();
        for (at++; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '"') {
                at++;
                return found.toString();
            }
            if (c < ' ') {
                throw bad("a control character in a string");
            }
            found.append(c == '\\' ? escaped() : c);
        }
        throw bad("a string without end");
    }

    private char escaped() {
        char c = ++at < text.length() ? text.charAt(at) : 0;
        if (c == 'u') {
            String digits = text.substring(at + 1, Math.min(at + 5, text.length()));
            if (!digits.matches("[0-9a-fA-F]{4}")) {
                throw bad("an odd escape");
            }
            at += 4;
            return (char) Integer.parseInt(digits, 16);
        }
        int known = "\"\\/bfnrt".indexOf(c);
        if (known < 0) {
            throw bad("an odd escape");
        }
        return "\"\\/\b\f\n\r\t".charAt(known);
    }

    private Object word(String word, Object meaning) {
        if (!text.startsWith(word, at)) {
            throw bad("an unknown word");
        }
        at += word.length();
        return meaning;
    }

    private Number number() {
        int start = at;
        while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String digits = text.substring(start, at);
        if (!digits.matches("-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?")) {
            throw bad("no value");
        }
        if (digits.matches("-?[0-9]{1,18}")) {
            return Long.valueOf(digits);
        }
        return Double.valueOf(digits);
    }

    private char peek() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    private void take(char wanted) {
        if (peek() != wanted) {
            throw bad("no " + wanted);
        }
        at++;
    }

    private IllegalArgumentException bad(String what) {
        return new IllegalArgumentException("No JSON: " + what + " at " + at + ".");
    }
}
