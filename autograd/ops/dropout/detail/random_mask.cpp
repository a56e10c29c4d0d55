#include <cmath>

#include <tapestry/autograd/ops/dropout/detail/random_mask.hpp>

namespace tapestry::detail {

RandomMask::RandomMask(const RandomStream& stream, double p)
    : random_(stream.seed, stream.stream, stream.step), least_(static_cast<std::uint32_t>(std::ceil(p * 0x1p24))) {}

void RandomMask::fill(std::int64_t first, std::int64_t count, std::uint8_t* keep) const {
  std::array<std::uint32_t, 1024> words;
  const std::int64_t end = first + count;
  while (first < end) {
    const std::int64_t block = first / 4;
    const auto blocks = std::min(static_cast<std::int64_t>(words.size()) / 4, (end - 1) / 4 - block + 1);
    random_.fill(static_cast<std::uint64_t>(block), blocks, words.data());
    const std::uint32_t* drawn = words.data() + first % 4;
    const std::int64_t next = std::min(end, (block + blocks) * 4);
    for (std::int64_t i = 0; i < next - first; ++i) keep[i] = static_cast<std::uint8_t>((drawn[i] >> 8) >= least_);
    keep += next - first;
    first = next;
  }
}

}  // namespace tapestry::detail
