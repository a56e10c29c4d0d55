#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <tapestry/kernels/runtime/philox.cpp>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <tapestry/kernels/runtime/philox.hpp>

HWY_BEFORE_NAMESPACE();
namespace tapestry::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// The high halves of the 64-bit products.
template <class D, class V>
HWY_INLINE V high_product(D d, V x, V factor) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(d, static_cast<std::uint32_t>(std::uint64_t{hn::GetLane(x)} * hn::GetLane(factor) >> 32));
#else
  const hn::Repartition<std::uint64_t, D> wide;
  const auto even = hn::MulEven(x, factor);
  const auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, x))), factor);
  return hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)));
#endif
}

void philox_blocks(const std::uint32_t* key, const std::uint32_t* step, std::uint64_t first, std::int64_t count,
                   std::uint32_t* words) {
  const hn::ScalableTag<std::uint32_t> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto factor0 = hn::Set(d, 0xD2511F53U), factor1 = hn::Set(d, 0xCD9E8D57U);
  HWY_ALIGN std::uint32_t last[4 * hn::MaxLanes(d)];
  for (std::int64_t begin = 0; begin < count; begin += lanes) {
    const std::uint64_t block = first + static_cast<std::uint64_t>(begin);
    const auto low = hn::Set(d, static_cast<std::uint32_t>(block));
    auto a = hn::Add(low, hn::Iota(d, 0));
    const auto carry = hn::IfThenElseZero(hn::Lt(a, low), hn::Set(d, 1U));
    auto b = hn::Add(hn::Set(d, static_cast<std::uint32_t>(block >> 32)), carry);
    auto c = hn::Set(d, step[0]);
    auto e = hn::Set(d, step[1]);
    std::uint32_t key0 = key[0], key1 = key[1];
    for (int round = 0; round < 10; ++round) {
      const auto high0 = high_product(d, a, factor0), low0 = hn::Mul(a, factor0);
      const auto high1 = high_product(d, c, factor1), low1 = hn::Mul(c, factor1);
      a = hn::Xor(hn::Xor(high1, b), hn::Set(d, key0));
      b = low1;
      c = hn::Xor(hn::Xor(high0, e), hn::Set(d, key1));
      e = low0;
      key0 += 0x9E3779B9U;
      key1 += 0xBB67AE85U;
    }
    if (begin + lanes <= count) {
      hn::StoreInterleaved4(a, b, c, e, d, words + 4 * begin);
    } else {
      hn::StoreInterleaved4(a, b, c, e, d, last);
      std::copy_n(last, 4 * (count - begin), words + 4 * begin);
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace tapestry::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapestry::kernels {
namespace {
HWY_EXPORT(philox_blocks);
}  // namespace

void philox(const std::array<std::uint32_t, 2>& key, const std::array<std::uint32_t, 2>& step, std::uint64_t first,
            std::int64_t count, std::uint32_t* words) {
  HWY_DYNAMIC_DISPATCH(philox_blocks)(key.data(), step.data(), first, count, words);
}

}  // namespace tapestry::kernels
#endif
