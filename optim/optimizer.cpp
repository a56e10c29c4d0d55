#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/optim/optimizer.hpp>

namespace tapestry::optim {
namespace {

/// The memory of a parameter.
struct Extent {
  const std::byte* begin;
  const std::byte* end;
  std::size_t parameter;
};

Extent extent_of(const Array& array, std::size_t parameter) {
  return visit_dtype(array.dtype(), [&]<class T>() {
    const auto* begin = reinterpret_cast<const std::byte*>(array.data<T>());
    return Extent{begin, begin + array.bytes(), parameter};
  });
}

void check_memory(std::string_view optimizer, const std::vector<Tensor>& parameters) {
  std::vector<Extent> extents;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].numel() > 0) extents.push_back(extent_of(parameters[i].array(), i));
  }
  std::ranges::sort(extents, std::less(), &Extent::begin);
  const auto overlap =
      std::ranges::adjacent_find(extents, [](const Extent& a, const Extent& b) { return b.begin < a.end; });
  if (overlap == extents.end()) return;
  const auto [first, second] = std::minmax(overlap[0].parameter, overlap[1].parameter);
  throw ValueError(fmt::format(
      "{}: parameters {} ({}) and {} ({}) overlap in memory\n"
      "hint: pass a parameter that is used in several places once, as one tensor",
      optimizer, first, to_string(parameters[first].array()), second, to_string(parameters[second].array())));
}

/// Throws a ShapeError or DTypeError unless the tensor has the shape and dtype.
void check_type(std::string_view optimizer, std::string_view role, std::size_t parameter, const Tensor& tensor,
                const std::pair<Shape, DType>& type, std::string_view hint = "") {
  const auto& [shape, dtype] = type;
  if (tensor.shape() == shape && tensor.dtype() == dtype) return;
  const std::string message =
      fmt::format("{}: expected {} {} to be {}{}, got {}{}{}", optimizer, role, parameter, to_string(dtype),
                  to_string(shape), to_string(tensor.dtype()), to_string(tensor.shape()), hint);
  if (tensor.shape() != shape) throw ShapeError(message);
  throw DTypeError(message);
}

}  // namespace

void Optimizer::zero_grad() {
  const ProfileScope scope("zero_grad");
  for (Tensor& parameter : parameters_) parameter.set_grad({});
}

void Optimizer::add_parameters(std::string_view optimizer, const std::vector<Tensor>& parameters) {
  if (parameters.empty()) throw ValueError(fmt::format("{}: the list of parameters is empty", optimizer));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& parameter = parameters[i];
    if (!parameter.defined() || !parameter.is_leaf()) {
      throw ValueError(fmt::format("{}: parameter {} is not a leaf tensor", optimizer, i));
    }
    if (!is_floating(parameter.dtype())) throw_not_floating(optimizer, parameter.dtype());
    const bool is_known = std::any_of(parameters_.begin(), parameters_.end(),
                                      [&](const Tensor& known) { return known.is_same(parameter); });
    if (is_known) {
      throw ValueError(
          fmt::format("{}: parameter {} ({}) is listed twice", optimizer, i, to_string(parameter.array())));
    }
    parameters_.push_back(parameter);
    types_.emplace_back(parameter.shape(), parameter.dtype());
  }
}

void Optimizer::check_parameters(std::string_view optimizer) const {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    check_type(optimizer, "parameter", i, parameters_[i], types_[i],
               "\nhint: make the optimizer after replacing or converting parameters");
    const Tensor& gradient = parameters_[i].grad();
    if (gradient.defined()) check_type(optimizer, "the gradient of parameter", i, gradient, types_[i]);
  }
  check_memory(optimizer, parameters_);
}

namespace detail {

void run_updates(const std::vector<ParameterUpdate>& updates) {
  // The first index of each parameter in the concatenation of all.
  std::vector<std::int64_t> begins;
  std::int64_t total = 0;
  for (const ParameterUpdate& update : updates) {
    begins.push_back(total);
    total += update.size;
  }
  for_ranges(total, [&](std::int64_t begin, std::int64_t end) {
    auto i = static_cast<std::size_t>(std::ranges::upper_bound(begins, begin) - begins.begin()) - 1;
    for (; i < updates.size() && begins[i] < end; ++i) {
      updates[i].run(std::max<std::int64_t>(begin - begins[i], 0), std::min(end - begins[i], updates[i].size));
    }
  });
}

void check_option(std::string_view optimizer, std::string_view option, double value) {
  if (!std::isfinite(value) || value < 0) {
    throw ValueError(fmt::format("{}: {} must be finite and not negative, got {}", optimizer, option, value));
  }
}

void check_option(std::string_view optimizer, std::string_view option, double value, double least, double below) {
  if (!(value >= least && value < below)) {
    throw ValueError(fmt::format("{}: {} must be in [{}, {}), got {}", optimizer, option, least, below, value));
  }
}

}  // namespace detail
}  // namespace tapestry::optim
