#include "pinyin.h"

#include <utf8proc.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "graph.h"

namespace keras_pinyin {
namespace {

constexpr float kNever = -5e8f;  // scores below are of no sentence: fewer were possible

std::string inflated(const std::string& packed) {
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = packed.size();
  std::string text;
  char part[1 << 14];
  int status = inflateInit(&stream);
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(part);
    stream.avail_out = sizeof part;
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(part, sizeof part - stream.avail_out);
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END ? text : "";
}

std::string utf8(char32_t point) {
  utf8proc_uint8_t part[4];
  return {reinterpret_cast<char*>(part), static_cast<size_t>(utf8proc_encode_char(point, part))};
}

// Code points of UTF-8 in a normal form; what is no UTF-8 becomes U+FFFD.
std::u32string normal(const std::string& text, int options) {
  std::string clean;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t point;
    const auto used = utf8proc_iterate(bytes + at, text.size() - at, &point);
    clean += utf8(used > 0 ? point : 0xFFFD);
    at += used > 0 ? used : 1;
  }
  utf8proc_uint8_t* mapped = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(clean.data()),
                                 clean.size(), &mapped,
                                 static_cast<utf8proc_option_t>(UTF8PROC_STABLE | options));
  std::u32string points;
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t point;
    at += utf8proc_iterate(mapped + at, size - at, &point);
    points += point;
  }
  std::free(mapped);
  return points;
}

bool is_ascii_digit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool is_ascii_letter(char32_t c) { return (c | 32) >= U'a' && (c | 32) <= U'z'; }
bool is_digit(char32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_ND; }

bool is_space(char32_t c) {
  static const std::u32string spaces = U"\t\v\f\r \u0085\u00a0\u3000\u200b\ufeff";
  return spaces.find(c) != std::u32string::npos;
}

// Lower case, `v` for ü, tone marks and digits as one digit at the end, 5 for the neutral tone.
std::string normalized_key(std::string key) {
  static const std::map<char32_t, char> tones{
      {U'\u0304', '1'}, {U'\u0301', '2'}, {U'\u030c', '3'}, {U'\u0300', '4'}};
  std::string plain, tone;
  for (char32_t c : normal(key, UTF8PROC_DECOMPOSE)) {
    c = utf8proc_tolower(c);
    if (const auto found = tones.find(c); found != tones.end()) {
      tone = found->second;
    } else if (c == U'\u0308' || c == U':') {
      if (!plain.empty() && plain.back() == 'u') {
        plain.back() = 'v';
      } else {
        plain += utf8(c);
      }
    } else {
      plain += utf8(c);
    }
  }
  if (!plain.empty() && plain.back() >= '0' && plain.back() <= '5') {
    tone = plain.back() == '0' ? '5' : plain.back();
    plain.pop_back();
  }
  if (plain.size() > 1 && std::string("jqxy").find(plain[0]) != std::string::npos &&
      plain[1] == 'v') {
    plain[1] = 'u';
  } else if (plain.rfind("lue", 0) == 0 || plain.rfind("nue", 0) == 0) {
    plain[1] = 'v';
  }
  return plain + tone;
}

std::vector<std::string> split(const std::string& keys) {
  std::vector<std::string> found(1);
  for (const char32_t c : normal(keys, UTF8PROC_COMPOSE)) {
    const bool space = is_space(c) || c == U'\n' || c == U'\'' ||
                       utf8proc_category(c) == UTF8PROC_CATEGORY_ZS;
    if (!space) {
      found.back() += utf8(c);
    } else if (!found.back().empty()) {
      found.emplace_back();
    }
  }
  if (found.back().empty()) found.pop_back();
  return found;
}

}  // namespace

struct Converter::Vocabulary {
  std::vector<std::string> tokens;
  std::unordered_map<std::string, int> token_ids, key_ids;
  std::map<std::string, std::string> full_width;
  std::set<int> runs;
  int context_limit, key_limit, candidates, context_shape, key_shape;

  explicit Vocabulary(const nlohmann::json& metadata)
      : tokens(metadata.at("tokens")), full_width(metadata.at("text").at("full_width")) {
    int id = 0;
    for (const auto& token : tokens) token_ids[token] = id++;
    id = 0;
    for (const std::string key : metadata.at("keys")) key_ids[key] = id++;
    for (const std::string token : metadata.at("text").at("runs")) runs.insert(token_ids.at(token));
    const auto& limits = metadata.at("limits");
    context_limit = limits.at("context");
    key_limit = limits.at("keys");
    candidates = limits.at("candidates");
    const auto shape = [&](const char* name) {
      const auto& value = metadata.at("shapes").at(name);
      return value.is_null() ? 0 : value.get<int>();
    };
    context_shape = shape("context");
    key_shape = shape("keys");
  }

  std::vector<Candidate> read(const Graph::Result& result, int length, int used) const {
    std::vector<Candidate> found;
    for (int row = 0; row < candidates; ++row) {
      if (result.scores[row] <= kNever) continue;
      std::string text;
      for (int i = 0; i < used; ++i) {
        const int id = result.ids[row * length + i];
        if (id) text += tokens.at(id);
      }
      found.emplace_back(text, result.scores[row]);
    }
    return found;
  }
};

Converter::Converter(const std::string& path) : graph_(std::make_unique<Graph>(path)) {
  try {
    const auto text = inflated(graph_->metadata("keras_pinyin"));
    vocabulary_ = std::make_unique<Vocabulary>(nlohmann::json::parse(text));
  } catch (const std::exception&) {
    throw Error(path + " carries no vocabulary: make it with recipes/export.py.");
  }
}

Converter::~Converter() = default;

std::vector<int> Converter::encode(const std::string& text) const {
  const auto points = normal(text, UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
  const auto& ids = vocabulary_->token_ids;
  std::vector<int> found;
  for (size_t i = 0; i < points.size(); ++i) {
    const char32_t c = points[i];
    const bool inside = i > 0 && i + 1 < points.size();
    if ((c == U'.' || c == U',') && inside && is_digit(points[i - 1]) && is_digit(points[i + 1])) {
      continue;  // 3.14 is one number
    }
    int id;
    if (is_ascii_digit(c)) {
      id = ids.at("[NUM]");
    } else if (is_ascii_letter(c)) {
      id = ids.at("[LATIN]");
    } else if (c == U'\n') {
      id = ids.at("[BOS]");  // a line is a context of its own
    } else if (is_space(c)) {
      continue;
    } else {
      std::string token = utf8(c);
      if (points.compare(i, 3, U"...") == 0) {
        token = "…";
        i += 2;
      }
      const auto wide = vocabulary_->full_width.find(token);
      const auto known = ids.find(wide == vocabulary_->full_width.end() ? token : wide->second);
      id = known == ids.end() ? ids.at("[UNK]") : known->second;
    }
    if (found.empty() || found.back() != id || !vocabulary_->runs.count(id)) found.push_back(id);
  }
  return found;
}

std::vector<int> Converter::parse(const std::string& keys) const {
  const auto& ids = vocabulary_->key_ids;
  std::vector<int> found;
  for (const std::string& key : split(keys)) {
    std::string name = key == "<any>" || key == "<pad>" ? key : normalized_key(key);
    if (!ids.count(name) && !name.empty() && name.back() >= '1' && name.back() <= '5') {
      name.pop_back();  // a tone that no hanzi of the syllable has
    }
    const auto known = ids.find(name);
    if (known == ids.end()) {
      throw Error("'" + key + "' is no pinyin syllable or beginning of one: use full syllables, "
                  "prefixes like zh, or <any>.");
    }
    found.push_back(known->second);
  }
  return found;
}

std::vector<int> Converter::context_ids(const std::string& text) const {
  auto ids = encode(text);
  const size_t limit = vocabulary_->context_limit;
  if (ids.size() > limit) ids.erase(ids.begin(), ids.end() - limit);
  // LiteRT takes no empty tensor: one token of padding says the same.
  const size_t shape = std::max<size_t>({size_t(vocabulary_->context_shape), ids.size(), 1});
  ids.insert(ids.begin(), shape - ids.size(), 0);
  return ids;
}

std::vector<Candidate> Converter::convert(const std::string& context,
                                          const std::string& keys) const {
  auto ids = parse(keys);
  const int used = ids.size();
  if (used == 0 || used > vocabulary_->key_limit) {
    throw Error(std::to_string(used) + " keys given, but a conversion takes 1 to " +
                std::to_string(vocabulary_->key_limit) +
                ": convert longer input in parts, each the context of the next.");
  }
  if (vocabulary_->key_shape) ids.resize(vocabulary_->key_shape);
  const int length = ids.size();
  const auto result = graph_->run("convert", {{"context", context_ids(context)}, {"keys", ids}},
                                  vocabulary_->candidates, length);
  return vocabulary_->read(result, length, used);
}

std::vector<Candidate> Converter::predict(const std::string& context) const {
  const auto result =
      graph_->run("predict", {{"context", context_ids(context)}}, vocabulary_->candidates, 1);
  return vocabulary_->read(result, 1, 1);
}

}  // namespace keras_pinyin
