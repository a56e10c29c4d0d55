#include <utility>

#include <fmt/format.h>

#include <tapestry/autograd/lazy_value.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/node.hpp>
#include <tapestry/autograd/saved_tensor.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {

SavedTensor::SavedTensor(const Tensor& input) {
  if (!input.defined()) return;
  // Otherwise backward would compute a convolution or a matrix product again.
  if (const auto lazy = input.lazy_value(); grad_enabled() && lazy && lazy->is_costly()) (void)input.array();
  save(input);
  node_ = input.node();
}

SavedTensor SavedTensor::output(const Tensor& value) {
  SavedTensor saved;
  saved.save(value);
  saved.is_output_ = true;
  return saved;
}

void SavedTensor::save(const Tensor& value) {
  const auto lazy = value.lazy_value();
  if (lazy && lazy->is_recomputed() && !lazy->is_overwritten()) {
    value_ = value.detach();
    return;
  }
  if (lazy && !lazy->is_computed()) {
    value_ = value.detach();
  } else {
    value_ = Tensor(value.array());
    version_ = value.array().version();
  }
  counted_bytes_ = value.numel() * item_size(value.dtype());
  count_saved_bytes(counted_bytes_);
}

SavedTensor::~SavedTensor() {
  if (counted_bytes_ != 0) count_saved_bytes(-counted_bytes_);
}

SavedTensor::SavedTensor(SavedTensor&& other) noexcept {
  *this = std::move(other);
}

SavedTensor& SavedTensor::operator=(SavedTensor&& other) noexcept {
  std::swap(value_, other.value_);
  std::swap(node_, other.node_);
  std::swap(version_, other.version_);
  std::swap(counted_bytes_, other.counted_bytes_);
  std::swap(is_output_, other.is_output_);
  return *this;
}

const Tensor& SavedTensor::value() const {
  if (!value_.defined()) return value_;
  const std::string_view role = is_output_ ? "the output" : "an input";
  if (const auto lazy = value_.lazy_value()) {
    lazy->check_not_overwritten(role);
  } else {
    detail::check_saved_version(role, value_.shape(), value_.dtype(), value_.array().version(), version_);
  }
  return value_;
}

Tensor SavedTensor::tensor() const {
  const Tensor& saved = value();
  return saved.defined() ? Tensor(saved, is_output_ ? current_node() : node_) : saved;
}

void detail::check_saved_version(std::string_view role, const Shape& shape, DType dtype, std::uint64_t version,
                                 std::uint64_t expected) {
  if (version == expected) return;
  const auto& node = current_node();
  throw GradError(
      fmt::format("{}: {} {}{} that was saved for backward has been overwritten: it is at version {}, expected {}\n"
                  "hint: change it after backward, or change a clone()",
                  node ? node->name() : "backward", role, to_string(dtype), to_string(shape), version, expected));
}

}  // namespace tapestry
