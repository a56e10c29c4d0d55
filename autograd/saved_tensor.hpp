// A value that an operator keeps for its backward.
#pragma once

#include <cstdint>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// Keeps an input or the output of an operator, and notices when its memory has been overwritten since.
class SavedTensor {
 public:
  SavedTensor() = default;
  /// Saves an input; undefined saves nothing.
  explicit SavedTensor(const Tensor& input);
  /// Saves the output: its history is the operator's own node, which it does not keep alive.
  static SavedTensor output(const Array& value);
  ~SavedTensor();
  SavedTensor(SavedTensor&& other) noexcept;
  SavedTensor& operator=(SavedTensor&& other) noexcept;
  SavedTensor(const SavedTensor&) = delete;
  SavedTensor& operator=(const SavedTensor&) = delete;

  bool defined() const { return value_.defined(); }
  /// The value. Throws a GradError that names operator, shape and versions when it has been overwritten.
  const Array& array() const;
  /// The value with its history, for a backward that is itself recorded. For a saved output only inside its backward.
  Tensor tensor() const;

 private:
  Tensor value_;
  bool is_output_ = false;
  std::uint64_t version_ = 0;
};

}  // namespace tapestry
