// Converts pinyin in a terminal, or line by line for another program.
//
//     pinyin small.tflite "jin tian tian qi" --context 你好，
//     pinyin small.tflite --context 今天天        what comes next
//     pinyin small.tflite --lines                 `keys` or `keys<TAB>context` a line on stdin,
//                                                 answers a line: `best|second|...`, `scores`,
//                                                 `microseconds` of processor time, between tabs
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>

#include "pinyin.h"

namespace {

using keras_pinyin::Candidate;
using keras_pinyin::Converter;

void answer_lines(const Converter& converter) {
  for (std::string line; std::getline(std::cin, line);) {
    const size_t tab = line.find('\t');
    const std::string context = tab == std::string::npos ? "" : line.substr(tab + 1);
    std::string sentences, scores;
    const std::clock_t began = std::clock();
    try {
      for (const auto& [text, score] : converter.convert(context, line.substr(0, tab))) {
        sentences += (sentences.empty() ? "" : "|") + text;
        scores += (scores.empty() ? "" : "|") + std::to_string(score);
      }
    } catch (const keras_pinyin::Error& error) {
      sentences = std::string("error: ") + error.what();
    }
    const auto taken = 1e6 * (std::clock() - began) / CLOCKS_PER_SEC;
    std::cout << sentences << '\t' << scores << '\t' << static_cast<long>(taken) << std::endl;
  }
}

}  // namespace

int main(int count, char** values) {
  std::string model, keys, context;
  bool lines = false, typed = false;
  for (int i = 1; i < count; ++i) {
    const std::string value = values[i];
    if (value == "--context" && i + 1 < count) {
      context = values[++i];
    } else if (value == "--lines") {
      lines = true;
    } else if (model.empty()) {
      model = value;
    } else {
      keys = value;
      typed = true;
    }
  }
  if (model.empty()) {
    std::cerr << "usage: pinyin MODEL.tflite [KEYS] [--context TEXT] [--lines]\n";
    return 2;
  }
  try {
    const Converter converter(model);
    if (lines) {
      answer_lines(converter);
      return 0;
    }
    for (const auto& [text, score] :
         typed ? converter.convert(context, keys) : converter.predict(context)) {
      std::printf("%s\t%.2f\n", text.c_str(), score);
    }
  } catch (const keras_pinyin::Error& error) {
    std::cerr << "pinyin: " << error.what() << '\n';
    return 2;
  }
}
