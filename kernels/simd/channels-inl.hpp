// Vectorized loops over the channels of a pixel. Included once per instruction set.
#if defined(TAPESTRY_KERNELS_CHANNELS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPESTRY_KERNELS_CHANNELS_INL
#undef TAPESTRY_KERNELS_CHANNELS_INL
#else
#define TAPESTRY_KERNELS_CHANNELS_INL
#endif

#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Calls `body(d, channel)` for all whole vectors in [channel, channels); returns the end of the last one.
template <class D, class Body>
HWY_INLINE std::int64_t for_whole_vectors(D d, std::int64_t channel, std::int64_t channels, const Body& body) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (; channel + lanes <= channels; channel += lanes) body(d, channel);
  return channel;
}

/// Calls `body(d, channel)` so that vectors with tags `d` cover [0, channels), each channel once: whole vectors of T,
/// then shorter ones for the rest.
template <class T, class Body>
HWY_INLINE void for_channels(std::int64_t channels, const Body& body) {
  std::int64_t channel = for_whole_vectors(hn::ScalableTag<T>(), 0, channels, body);
  channel = for_whole_vectors(hn::CappedTag<T, 4>(), channel, channels, body);
  for_whole_vectors(hn::CappedTag<T, 1>(), channel, channels, body);
}

/// Calls `body(d, vectors, channel)` so that blocks of a constant number of vectors, at most `max_vectors`, cover [0,
/// channels), each channel once.
template <class T, int max_vectors, class Body>
HWY_INLINE void for_channel_blocks(std::int64_t channels, const Body& body) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t channel = 0;
  const auto take = [&](auto vectors) HWY_ATTR {
    if constexpr (vectors <= max_vectors) {
      for (; channel + vectors * lanes <= channels; channel += vectors * lanes) body(d, vectors, channel);
    }
  };
  take(std::integral_constant<int, 8>());
  take(std::integral_constant<int, 4>());
  take(std::integral_constant<int, 2>());
  const auto take_one = [&](auto one, std::int64_t c) HWY_ATTR { body(one, std::integral_constant<int, 1>(), c); };
  channel = for_whole_vectors(d, channel, channels, take_one);
  channel = for_whole_vectors(hn::CappedTag<T, 4>(), channel, channels, take_one);
  for_whole_vectors(hn::CappedTag<T, 1>(), channel, channels, take_one);
}

}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#endif
