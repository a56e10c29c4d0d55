#include <utility>

#include <fmt/format.h>

#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/saved_tensor.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

SavedTensor::SavedTensor(const Tensor& input) {
  if (!input.defined()) return;
  if (const auto recipe = input.recipe(); recipe && recipe->makes(input.array())) {
    recipe_ = recipe;
    producer_ = input.node();
  } else {
    keep(input);
  }
}

SavedTensor SavedTensor::output(const Array& value) {
  SavedTensor saved{Tensor(value)};
  saved.is_output_ = true;
  return saved;
}

SavedTensor::~SavedTensor() {
  if (is_kept()) count_saved_bytes(-value_.array().bytes());
}

SavedTensor::SavedTensor(SavedTensor&& other) noexcept {
  *this = std::move(other);
}

SavedTensor& SavedTensor::operator=(SavedTensor&& other) noexcept {
  std::swap(value_, other.value_);
  std::swap(version_, other.version_);
  std::swap(is_output_, other.is_output_);
  std::swap(recipe_, other.recipe_);
  std::swap(producer_, other.producer_);
  return *this;
}

void SavedTensor::keep(const Tensor& value) const {
  value_ = value;
  version_ = value.array().version();
  count_saved_bytes(value.array().bytes());
}

const Array& SavedTensor::array() const {
  if (!is_kept()) keep(Tensor(recipe_->output(producer_), producer_, recipe_));
  detail::check_saved_version(is_output_ ? "the output" : "an input", value_.array(), version_);
  return value_.array();
}

Tensor SavedTensor::tensor() const {
  const Array& value = array();
  return is_output_ ? Tensor(value, current_node()) : value_;
}

void detail::check_saved_version(std::string_view role, const Array& value, std::uint64_t version) {
  const auto& node = current_node();
  check_saved_version(node ? node->name() : "backward", role, value, version);
}

void detail::check_saved_version(std::string_view operation, std::string_view role, const Array& value,
                                 std::uint64_t version) {
  if (value.version() == version) return;
  throw GradError(
      fmt::format("{}: {} {} that was saved for backward has been overwritten: it is at version {}, expected {}\n"
                  "hint: change it after backward, or change a clone()",
                  operation, role, to_string(value), value.version(), version));
}

}  // namespace tapestry
