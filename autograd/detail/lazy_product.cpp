#include <utility>

#include <tapestry/autograd/detail/lazy_product.hpp>

namespace tapestry::detail {

kernels::ChannelGeometry rows_of(const Array& x) {
  const bool is_image = x.format() == MemoryFormat::channels_last;
  if (is_image || x.rank() == 2) {
    const std::int64_t channels = x.size(is_image ? -3 : -1);
    return {.samples = 1, .rows = channels == 0 ? 0 : x.numel() / channels, .channels = channels};
  }
  // Without numbers per channel, rows may have any length.
  constexpr std::int64_t length = 64;
  const bool is_even = x.numel() % length == 0;
  return {.samples = 1, .rows = is_even ? x.numel() / length : x.numel(), .channels = is_even ? length : 1};
}

Array apply(const ArrayEpilogue& epilogue, const Array& x) {
  const bool is_over_x = x.is_unique();
  const bool is_over_addend = epilogue.addend.defined() && epilogue.addend.is_unique();
  Array y = is_over_x ? x : is_over_addend ? epilogue.addend : Array::empty_like(x);
  visit_floating("epilogue", x.dtype(), [&]<class T>() {
    kernels::apply_epilogue(rows_of(x), x.data<T>(), epilogue.over<T>(), y.mutable_data<T>());
  });
  return y;
}

std::optional<Array> LazyProduct::array_after(const ArrayEpilogue& epilogue) {
  const std::lock_guard lock(mutex());
  if (held().defined()) return std::nullopt;
  const ProfileSpan span(origin());
  return compute_after(epilogue);
}

}  // namespace tapestry::detail
