#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

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
  std::vector<std::int64_t> place(static_cast<std::size_t>(indices.rank()));
  std::int64_t rest = bad - ordered.begin();
  for (int i = indices.rank() - 1; i >= 0; --i) {
    place[static_cast<std::size_t>(i)] = rest % indices.size(i);
    rest /= indices.size(i);
  }
  throw ValueError(fmt::format("{}: index {} at [{}] is out of range for axis {} of {}", operation, *bad,
                               fmt::join(place, ", "), axis, to_string(shape)));
}

}  // namespace tapestry::detail
