#include "graph.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>

namespace keras_pinyin {
namespace {

void check(LiteRtStatus status, const std::string& what) {
  if (status != 0) {
    throw Error("LiteRT could not " + what + " (status " + std::to_string(status) +
                "): use the runtime that CMakeLists.txt names.");
  }
}

// A tensor in memory that LiteRT accepts: 64 bytes aligned, and in steps of 64 bytes.
class Buffer {
 public:
  Buffer(int type, const std::vector<int>& shape) {
    size_t count = 1;
    LiteRtRankedTensorType tensor{};
    tensor.element_type = type;
    tensor.rank = shape.size();
    for (size_t i = 0; i < shape.size(); ++i) {
      tensor.dimensions[i] = shape[i];
      count *= shape[i];
    }
    const size_t bytes = (count * 4 + 63) / 64 * 64;
    memory_.reset(std::aligned_alloc(64, bytes));
    check(LiteRtCreateTensorBufferFromHostMemory(&tensor, memory_.get(), bytes, nullptr, &handle),
          "make a buffer");
  }
  Buffer(const Buffer&) = delete;
  ~Buffer() { LiteRtDestroyTensorBuffer(handle); }

  template <typename T>
  T* data() {
    return static_cast<T*>(memory_.get());
  }

  LiteRtTensorBuffer handle = nullptr;

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
};

}  // namespace

Converter::Graph::Graph(const std::string& path) {
  char head[8] = {};
  std::ifstream(path, std::ios::binary).read(head, sizeof head);
  if (std::string(head + 4, 4) != "TFL3") {
    throw Error(path + " is no .tflite file that can be read: make one with recipes/export.py.");
  }
  check(LiteRtCreateEnvironment(0, nullptr, &environment_), "start");
  check(LiteRtCreateModelFromFile(environment_, path.c_str(), &model_), "read " + path);
  check(LiteRtCreateOptions(&options_), "make options");
  check(LiteRtSetOptionsHardwareAccelerators(options_, kLiteRtHwAcceleratorCpu), "use the CPU");
  check(LiteRtCreateCompiledModel(environment_, model_, options_, &compiled_), "load " + path);
  size_t count = 0;
  check(LiteRtGetNumModelSignatures(model_, &count), "count signatures");
  for (size_t index = 0; index < count; ++index) {
    LiteRtSignature handle;
    const char* name;
    Signature signature;
    signature.index = index;
    check(LiteRtGetModelSignature(model_, index, &handle), "read a signature");
    size_t inputs, outputs;
    check(LiteRtGetNumSignatureInputs(handle, &inputs), "count inputs");
    check(LiteRtGetNumSignatureOutputs(handle, &outputs), "count outputs");
    for (size_t i = 0; i < inputs; ++i) {
      check(LiteRtGetSignatureInputName(handle, i, &name), "read the name of an input");
      signature.inputs.push_back(name);
    }
    for (size_t i = 0; i < outputs; ++i) {
      check(LiteRtGetSignatureOutputName(handle, i, &name), "read the name of an output");
      signature.outputs.push_back(name);
    }
    check(LiteRtGetSignatureKey(handle, &name), "read the name of a signature");
    signatures_[name] = signature;
  }
}

Converter::Graph::~Graph() {
  if (compiled_) LiteRtDestroyCompiledModel(compiled_);
  if (options_) LiteRtDestroyOptions(options_);
  if (model_) LiteRtDestroyModel(model_);
  if (environment_) LiteRtDestroyEnvironment(environment_);
}

std::string Converter::Graph::metadata(const char* name) const {
  const void* data;
  size_t size;
  if (LiteRtGetModelMetadata(model_, name, &data, &size) != 0) return "";
  return {static_cast<const char*>(data), size};
}

Converter::Graph::Result Converter::Graph::run(
    const std::string& name, const std::map<std::string, std::vector<int>>& inputs, int candidates,
    int length) {
  const Signature& signature = signatures_.at(name);
  std::vector<std::unique_ptr<Buffer>> buffers;
  std::vector<LiteRtTensorBuffer> in, out;
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const std::vector<int>& ids = inputs.at(signature.inputs[i]);
    const std::vector<int> shape{1, static_cast<int>(ids.size())};
    check(LiteRtCompiledModelResizeInputTensorNonStrict(compiled_, signature.index, i,
                                                        shape.data(), shape.size()),
          "take " + std::to_string(ids.size()) + " ids as " + signature.inputs[i]);
    buffers.push_back(std::make_unique<Buffer>(kLiteRtElementTypeInt32, shape));
    std::copy(ids.begin(), ids.end(), buffers.back()->data<int>());
    in.push_back(buffers.back()->handle);
  }
  Result result;
  std::vector<Buffer*> found;
  for (const std::string& output : signature.outputs) {
    std::vector<int> shape{1, candidates};
    if (output == "sentences") shape.push_back(length);
    const int type = output == "scores" ? kLiteRtElementTypeFloat32 : kLiteRtElementTypeInt32;
    buffers.push_back(std::make_unique<Buffer>(type, shape));
    found.push_back(buffers.back().get());
    out.push_back(found.back()->handle);
  }
  check(LiteRtRunCompiledModel(compiled_, signature.index, in.size(), in.data(), out.size(),
                               out.data()),
        "run the graph");
  for (size_t i = 0; i < found.size(); ++i) {
    if (signature.outputs[i] == "scores") {
      result.scores.assign(found[i]->data<float>(), found[i]->data<float>() + candidates);
    } else {
      result.ids.assign(found[i]->data<int>(), found[i]->data<int>() + candidates * length);
    }
  }
  return result;
}

}  // namespace keras_pinyin
