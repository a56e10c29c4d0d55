#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/resampling.hpp>

#include "core/generate.hpp"

namespace test_resampling {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

TEST_CASE("resampling layers are their operators") {
  const Array x = Generator(1).reals({2, 12, 4, 6}).to(DType::f32);
  nn::PixelShuffle larger(2);
  require_equal(larger(x).array(), pixel_shuffle(x, 2).array());
  nn::PixelUnshuffle smaller(2);
  require_equal(smaller(x).array(), pixel_unshuffle(x, 2).array());
  nn::ChannelShuffle mixed(3);
  require_equal(mixed(x).array(), channel_shuffle(x, 3).array());
  const InterpolateOptions options = {
      .scale_factor = ScaleFactor(1.5, 2), .mode = InterpolationMode::bilinear, .align_corners = true};
  nn::Upsample upsampled(options);
  require_equal(upsampled(x).array(), interpolate(x, options).array());
}

TEST_CASE("options of resampling layers out of range are rejected on construction") {
  REQUIRE_THROWS_MATCHES(nn::PixelShuffle(0), ValueError,
                         Message("PixelShuffle: upscale_factor must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::PixelUnshuffle(-2), ValueError,
                         Message("PixelUnshuffle: downscale_factor must be at least 1, got -2"));
  REQUIRE_THROWS_MATCHES(nn::ChannelShuffle(0), ValueError,
                         Message("ChannelShuffle: groups must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(nn::Upsample({}), ValueError,
                         Message("Upsample: expected either a size or a scale_factor, got neither"));
}

}  // namespace test_resampling
