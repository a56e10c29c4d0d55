// A value that an operator keeps for its backward.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <tapestry/autograd/recipe.hpp>
#include <tapestry/autograd/tensor.hpp>

namespace tapestry {

/// Keeps an input or the output of an operator, and notices when its memory has been overwritten since. An input with a
/// recipe is not kept: it is computed again when it is asked for, if nothing else holds it by then.
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

  bool defined() const { return value_.defined() || recipe_ != nullptr; }
  /// True when the value is kept rather than to be computed again.
  bool is_kept() const { return value_.defined(); }
  /// The value. Throws a GradError that names operator, shape and versions when it has been overwritten.
  const Array& array() const;
  /// The value with its history, for a backward that is itself recorded. For a saved output only inside its backward.
  Tensor tensor() const;

 private:
  void keep(const Tensor& value) const;

  mutable Tensor value_;  ///< undefined until it is asked for where there is a recipe
  mutable std::uint64_t version_ = 0;
  bool is_output_ = false;
  std::shared_ptr<Recipe> recipe_;
  std::shared_ptr<Node> producer_;  ///< the history of a value with a recipe
};

namespace detail {

/// Throws a GradError naming the operator whose backward runs, `role` and the versions when `value` has been
/// overwritten since it was at `version`.
void check_saved_version(std::string_view role, const Array& value, std::uint64_t version);
/// The same naming `operation`.
void check_saved_version(std::string_view operation, std::string_view role, const Array& value, std::uint64_t version);

}  // namespace detail
}  // namespace tapestry
