#include <algorithm>
#include <cstdint>
#include <vector>

#include <tapestry/kernels/runtime/streaming.hpp>

#include "kernels/conv2d_cases.hpp"

namespace test_streaming {

using namespace conv2d_cases;

namespace {

/// Memory that begins on a cache line, like that of arrays.
class Lines {
 public:
  explicit Lines(std::int64_t size) : memory_(workspace(static_cast<std::size_t>(size) * sizeof(float))) {}
  float* data() const { return static_cast<float*>(memory_.get()); }

 private:
  std::unique_ptr<void, FreeWorkspace> memory_;
};

Lines filled(std::int64_t size, std::uint64_t seed) {
  Lines lines(size);
  const std::vector<float> values = reals<float>(size, seed);
  std::copy(values.begin(), values.end(), lines.data());
  return lines;
}

void convolve(const Conv2dGeometry& g, Conv2dPass pass, Conv2dAlgorithm algorithm, const float* source,
              const float* weight, float* target) {
  const auto memory = workspace(conv2d_workspace<float>(g, pass, algorithm));
  if (pass == Conv2dPass::forward) {
    conv2d_forward<float>(g, algorithm, source, weight, nullptr, target, memory.get());
  } else {
    conv2d_input_gradient<float>(g, algorithm, source, weight, nullptr, target, memory.get());
  }
}

}  // namespace

TEST_CASE("results bypass the caches if they are large and cover whole cache lines") {
  const Lines lines(16);
  const float* const begin = lines.data();
  REQUIRE_FALSE(should_stream(begin, streamed_bytes / 64, 16));
  REQUIRE(should_stream(begin, streamed_bytes / 64 + 1, 16));
  REQUIRE_FALSE(should_stream(begin + 4, streamed_bytes / 64 + 1, 16));
  REQUIRE_FALSE(should_stream(begin, streamed_bytes / 64 + 1, 24));
  REQUIRE_FALSE(should_stream(begin, 0, 0));
}

TEST_CASE("convolutions whose results bypass the caches have the bits of single samples") {
  struct Case {
    Conv2dAlgorithm algorithm;
    std::int64_t channels, kernel, groups;
  };
  for (const Case& c : {Case{Conv2dAlgorithm::implicit_gemm, 32, 1, 1}, Case{Conv2dAlgorithm::winograd, 32, 3, 1},
                        Case{Conv2dAlgorithm::depthwise, 32, 3, 32}}) {
    Conv2dGeometry g{};
    g.batch = 9;
    g.in_height = g.out_height = 128;
    g.in_width = g.out_width = 123;
    g.in_channels = g.out_channels = c.channels;
    g.kernel_height = g.kernel_width = c.kernel;
    g.stride_height = g.stride_width = g.dilation_height = g.dilation_width = 1;
    g.pad_top = g.pad_left = c.kernel / 2;
    g.groups = c.groups;
    const Lines source = filled(sizes(g).input, 1);
    const std::vector<float> weight = reals<float>(sizes(g).weight, 2);
    REQUIRE(should_stream(source.data(), g.batch * g.in_height * g.in_width, g.in_channels));
    for (const Conv2dPass pass : {Conv2dPass::forward, Conv2dPass::input_gradient}) {
      INFO(describe(g) << " pass " << static_cast<int>(pass));
      const Lines together(sizes(g).output);
      convolve(g, pass, c.algorithm, source.data(), weight.data(), together.data());
      Conv2dGeometry alone = g;
      alone.batch = 1;
      const std::int64_t size = sizes(alone).output;
      const Lines one(size);
      for (std::int64_t i = 0; i < g.batch; ++i) {
        convolve(alone, pass, c.algorithm, source.data() + i * size, weight.data(), one.data());
        REQUIRE(std::equal(one.data(), one.data() + size, together.data() + i * size));
      }
    }
  }
}

}  // namespace test_streaming
