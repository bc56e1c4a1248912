// The two signatures of a .tflite file in LiteRT.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "litert.h"
#include "pinyin.h"

namespace keras_pinyin {

class Converter::Graph {
 public:
  struct Result {
    std::vector<int> ids;  // [candidates, length]
    std::vector<float> scores;
  };

  explicit Graph(const std::string& path);
  ~Graph();

  // A named buffer of the file, or "" if there is none.
  std::string metadata(const char* name) const;

  // `ids` is the output that is not `scores`: `candidates` rows of `length`.
  Result run(const std::string& signature, const std::map<std::string, std::vector<int>>& inputs,
             int candidates, int length);

 private:
  struct Signature {
    size_t index = 0;
    std::vector<std::string> inputs, outputs;
  };

  LiteRtEnvironment environment_ = nullptr;
  LiteRtModel model_ = nullptr;
  LiteRtOptions options_ = nullptr;
  LiteRtCompiledModel compiled_ = nullptr;
  std::map<std::string, Signature> signatures_;
};

}  // namespace keras_pinyin
