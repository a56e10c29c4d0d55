#include <tapestry/core/error.hpp>
#include <tapestry/models/attention_cnn.hpp>

#include "models/training_checks.hpp"

namespace test_attention_cnn {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using models::AttentionCnn;

TEST_CASE("the attention CNN has the documented layers") {
  const AttentionCnn net;
  // With C channels and S × S pixels: a 3×3 convolution to 3/4 of the channels, queries, keys and values of 1/4 each,
  // the output projection, and relative position embeddings of C/16 numbers.
  constexpr auto augmented = [](std::int64_t c, std::int64_t s) {
    return (9 * c + 1) * c * 3 / 4 + (c + 1) * c * 3 / 4 + (c / 4 + 1) * c / 4 + 2 * (2 * s - 1) * c / 16;
  };
  constexpr std::int64_t convolutions = 9 * (3 * 32 + 32 * 64 + 64 * 128);
  constexpr std::int64_t norms = 2 * (32 + 64 + 64 + 128 + 128);
  REQUIRE(parameter_count(net) == convolutions + norms + augmented(64, 16) + augmented(128, 8) + 129 * 10);
  require_entries(net, {"conv1.weight", "bn1.running_mean", "conv3.conv_out.weight", "conv3.qkv_conv.bias",
                        "conv5.attn_out.weight", "conv5.key_rel_w", "fc.bias"});
}

TEST_CASE("the attention CNN takes images of up to 32x32 and every parameter gets a gradient") {
  AttentionCnn net(7);
  REQUIRE(net(Array::zeros({2, 3, 32, 20})).shape() == Shape{2, 7});
  require_gradients_everywhere(net, {2, 3, 16, 24}, Array::zeros({2}, DType::i64));
  REQUIRE_THROWS_MATCHES(net(Array::zeros({2, 3, 32, 40})), ShapeError,
                         Message("AttentionAugmentedConv2d: expected images (N, 64, H, W) of at most 16 × 16 pixels, "
                                 "got [2, 64, 16, 20]"));
}

}  // namespace test_attention_cnn
