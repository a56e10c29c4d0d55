#include <utility>

#include <fmt/format.h>

#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/saved_tensor.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

SavedTensor::SavedTensor(const Tensor& input) : value_(input) {
  if (!defined()) return;
  version_ = input.array().version();
  count_saved_bytes(input.array().bytes());
}

SavedTensor SavedTensor::output(const Array& value) {
  SavedTensor saved{Tensor(value)};
  saved.is_output_ = true;
  return saved;
}

SavedTensor::~SavedTensor() {
  if (defined()) count_saved_bytes(-value_.array().bytes());
}

SavedTensor::SavedTensor(SavedTensor&& other) noexcept
    : value_(std::exchange(other.value_, {})), is_output_(other.is_output_), version_(other.version_) {}

SavedTensor& SavedTensor::operator=(SavedTensor&& other) noexcept {
  std::swap(value_, other.value_);
  std::swap(is_output_, other.is_output_);
  std::swap(version_, other.version_);
  return *this;
}

const Array& SavedTensor::array() const {
  const Array& value = value_.array();
  if (value.version() != version_) {
    const auto& node = current_node();
    throw GradError(
        fmt::format("{}: {} {} that was saved for backward has been overwritten: it is at version {}, expected {}\n"
                    "hint: change it after backward, or change a clone()",
                    node ? node->name() : "backward", is_output_ ? "the output" : "an input", to_string(value),
                    value.version(), version_));
  }
  return value;
}

Tensor SavedTensor::tensor() const {
  const Array& value = array();
  return is_output_ ? Tensor(value, current_node()) : value_;
}

}  // namespace tapestry
