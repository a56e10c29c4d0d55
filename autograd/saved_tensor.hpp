// A value that an operator saves for backward.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// Saves an input or the output of an operator and detects whether its memory has been overwritten since. A lazy value
/// that can be recomputed is not stored: it is computed again on access, unless something else still holds it.
class SavedTensor {
 public:
  SavedTensor() = default;
  /// Saves an input; saves nothing if it is undefined.
  explicit SavedTensor(const Tensor& input);
  /// Saves the output. Its history is the operator's own node, which it does not keep alive.
  static SavedTensor output(const Tensor& value);
  ~SavedTensor();
  SavedTensor(SavedTensor&& other) noexcept;
  SavedTensor& operator=(SavedTensor&& other) noexcept;
  SavedTensor(const SavedTensor&) = delete;
  SavedTensor& operator=(const SavedTensor&) = delete;

  bool defined() const { return value_.defined(); }
  /// The value. Throws a GradError with the operator, shape and versions if it has been overwritten.
  const Array& array() const { return value().array(); }
  /// The value without history, possibly not computed yet. Throws as `array` does.
  const Tensor& value() const;
  /// The value with its history, for a backward that is itself recorded. A saved output is available only inside its
  /// own backward.
  Tensor tensor() const;

 private:
  void save(const Tensor& value);

  Tensor value_;
  std::shared_ptr<Node> node_;  ///< the history of an input
  std::uint64_t version_ = 0;
  std::int64_t counted_bytes_ = 0;
  bool is_output_ = false;
};

namespace detail {

/// Throws a GradError naming the operator whose backward runs, `role`, the value and the versions unless `version` is
/// the expected one.
void check_saved_version(std::string_view role, const Shape& shape, DType dtype, std::uint64_t version,
                         std::uint64_t expected);

}  // namespace detail
}  // namespace tapestry
