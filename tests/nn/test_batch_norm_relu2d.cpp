#include <limits>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/batch_norm_relu2d.hpp>

#include "core/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::BatchNorm2d;
using nn::BatchNormRelu2d;

TEST_CASE("a batch norm layer with ReLU is the two layers in both modes and has the state of the first") {
  for (const bool is_bounded : {false, true}) {
    BatchNorm2d norm({.num_features = 3, .eps = 0.5, .momentum = 0.25});
    Generator made_up(1);
    Array(norm.weight().array()).copy_from(made_up.reals({3}, 1, 2));
    Array(norm.bias().array()).copy_from(made_up.reals({3}));
    BatchNormRelu2d both({.num_features = 3,
                          .eps = 0.5,
                          .momentum = 0.25,
                          .max_value = is_bounded ? 6 : std::numeric_limits<double>::infinity()});
    both.load_state_dict(norm.state_dict());
    const Array x = made_up.reals({4, 3, 2, 5}, -8, 12).to(DType::f32);
    for (const bool training : {true, false, true}) {
      norm.train(training);
      both.train(training);
      const Tensor y = norm(x);
      require_equal(both(x).array(), (is_bounded ? relu6(y) : relu(y)).array());
    }
    const nn::StateDict wanted = norm.state_dict(), got = both.state_dict();
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      REQUIRE(got[i].first == wanted[i].first);
      require_equal(got[i].second, wanted[i].second);
    }
  }
}

TEST_CASE("a batch norm layer with ReLU passes its options on") {
  BatchNormRelu2d plain({.num_features = 2, .affine = false, .track_running_stats = false});
  REQUIRE(plain.state_dict().empty());
  plain.eval();
  const Array y = plain(Array::from<float>({2, 2, 1, 1}, std::vector<float>{1, 5, 3, 5})).array();
  // The batch serves in evaluation too: −1 and 1 but for eps, and a constant channel.
  REQUIRE(y.at({0, 0, 0, 0}) == 0);
  REQUIRE(y.at({1, 0, 0, 0}) == Approx(1).margin(1e-5));
  REQUIRE(y.at({1, 1, 0, 0}) == 0);
}

TEST_CASE("a batch norm layer with ReLU refuses what does not fit") {
  REQUIRE_THROWS_MATCHES(BatchNormRelu2d({.num_features = 0}), ValueError,
                         Message("BatchNormRelu2d: num_features must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(BatchNormRelu2d({.num_features = 2, .momentum = 1.5}), ValueError,
                         Message("BatchNormRelu2d: momentum must be in [0, 1], got 1.5"));
  REQUIRE_THROWS_MATCHES(BatchNormRelu2d({.num_features = 2, .max_value = 0}), ValueError,
                         Message("BatchNormRelu2d: max_value must be above 0, got 0"));
  BatchNormRelu2d layer({.num_features = 2});
  REQUIRE_THROWS_MATCHES(layer(Array::zeros({4, 2})), ShapeError,
                         Message("BatchNormRelu2d: expected an input (N, C, H, W), got [4, 2]"));
}
