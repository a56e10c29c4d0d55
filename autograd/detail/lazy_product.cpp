#include <utility>

#include <tapestry/autograd/detail/lazy_product.hpp>

namespace tapestry::detail {

kernels::ChannelGeometry rows_of(const Array& x) {
  const bool has_channels = x.format() == MemoryFormat::channels_last || x.rank() == 2;
  const std::int64_t channels = x.format() == MemoryFormat::channels_last ? x.size(-3) : x.size(-1);
  if (has_channels) return {.samples = 1, .rows = channels == 0 ? 0 : x.numel() / channels, .channels = channels};
  // The longest row that divides the elements would do; any length serves what has no numbers per channel.
  constexpr std::int64_t row = 64;
  const bool is_even = x.numel() % row == 0;
  return {.samples = 1, .rows = is_even ? x.numel() / row : x.numel(), .channels = is_even ? row : 1};
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
