#include <algorithm>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/indexing/detail/check_indices.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry::detail {

void check_indices(std::string_view operation, const Array& indices, const Shape& shape, int axis) {
  if (indices.dtype() != DType::i64) {
    throw DTypeError(fmt::format("{}: expected indices of type i64, got {}", operation, to_string(indices)));
  }
  const std::int64_t size = shape[axis];
  const auto is_outside = [size](std::int64_t index) { return index < 0 || index >= size; };
  const std::int64_t* all = indices.data<std::int64_t>();
  if (std::none_of(all, all + indices.numel(), is_outside)) return;
  const auto ordered = indices.to_vector<std::int64_t>();
  const auto bad = std::find_if(ordered.begin(), ordered.end(), is_outside);
  throw ValueError(fmt::format("{}: index {} at [{}] is out of range for axis {} of {}", operation, *bad,
                               index_of(bad - ordered.begin(), indices.shape()), axis, to_string(shape)));
}

}  // namespace tapestry::detail
