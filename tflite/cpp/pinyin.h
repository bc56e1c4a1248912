// Converts pinyin with a .tflite file, on LiteRT. Nothing of Python or Keras is needed.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace keras_pinyin {

// What a caller gave is not possible: the message names it and says what to do.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A sentence or hanzi in UTF-8 and its score in nats; of a next hanzi, the logarithm of its
// probability.
using Candidate = std::pair<std::string, float>;

// A converter of one .tflite file that recipes/export.py wrote. Not for several threads at once.
class Converter {
 public:
  // Throws Error if the file cannot be read or is of another kind.
  explicit Converter(const std::string& path);
  ~Converter();

  // The likeliest sentences for keys separated by spaces or apostrophes, best first. `context` is
  // the text to the left. Throws Error if a key is unknown, there is none, or there are too many.
  std::vector<Candidate> convert(const std::string& context, const std::string& keys) const;

  // The likeliest next hanzi after a text, best first.
  std::vector<Candidate> predict(const std::string& context) const;

  // Ids of the tokens of a text; white space is dropped.
  std::vector<int> encode(const std::string& text) const;

  // Ids of keys. Throws Error for something that is no key.
  std::vector<int> parse(const std::string& keys) const;

 private:
  struct Vocabulary;
  class Graph;
  std::vector<int> context_ids(const std::string& text) const;
  std::unique_ptr<Vocabulary> vocabulary_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace keras_pinyin
