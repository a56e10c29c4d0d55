// A value that an operator keeps for its backward.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// Keeps the value of an input or the output of an operator, and notices when its memory has been overwritten since. A
/// lazy value that is recomputed is not kept: it is computed again when it is asked for, if nothing else holds it by
/// then.
class SavedTensor {
 public:
  SavedTensor() = default;
  /// Saves an input; undefined saves nothing.
  explicit SavedTensor(const Tensor& input);
  /// Saves the output: its history is the operator's own node, which it does not keep alive.
  static SavedTensor output(const Tensor& value);
  ~SavedTensor();
  SavedTensor(SavedTensor&& other) noexcept;
  SavedTensor& operator=(SavedTensor&& other) noexcept;
  SavedTensor(const SavedTensor&) = delete;
  SavedTensor& operator=(const SavedTensor&) = delete;

  bool defined() const { return value_.defined(); }
  /// The value. Throws a GradError that names operator, shape and versions when it has been overwritten.
  const Array& array() const { return value().array(); }
  /// The value without history, which may not have been computed. Throws as `array` does.
  const Tensor& value() const;
  /// The value with its history, for a backward that is itself recorded. For a saved output only inside its backward.
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
