#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/batch_norm_add_relu2d.hpp>

#include "core/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::BatchNorm2d;
using nn::BatchNormAddRelu2d;

TEST_CASE(
    "a batch norm layer with a residual is batch norm and add_relu in both modes and has the state of the first") {
  BatchNorm2d norm({.num_features = 3, .eps = 0.5, .momentum = 0.25});
  Generator made_up(1);
  Array(norm.weight().array()).copy_from(made_up.reals({3}, 1, 2));
  Array(norm.bias().array()).copy_from(made_up.reals({3}));
  BatchNormAddRelu2d both({.num_features = 3, .eps = 0.5, .momentum = 0.25});
  both.load_state_dict(norm.state_dict());
  const Array x = made_up.reals({4, 3, 2, 5}, -8, 12).to(DType::f32);
  const Array residual = made_up.reals({4, 3, 2, 5}, -3, 3).to(DType::f32);
  for (const bool training : {true, false, true}) {
    norm.train(training);
    both.train(training);
    require_equal(both(x, residual).array(), add_relu(norm(x), residual).array());
  }
  const nn::StateDict wanted = norm.state_dict(), got = both.state_dict();
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    REQUIRE(got[i].first == wanted[i].first);
    require_equal(got[i].second, wanted[i].second);
  }
}

TEST_CASE("a batch norm layer with a residual passes its options on and refuses what does not fit") {
  REQUIRE(BatchNormAddRelu2d({.num_features = 2, .affine = false, .track_running_stats = false}).state_dict().empty());
  REQUIRE_THROWS_MATCHES(BatchNormAddRelu2d({.num_features = 0}), ValueError,
                         Message("BatchNormAddRelu2d: num_features must be at least 1, got 0"));
  REQUIRE_THROWS_MATCHES(BatchNormAddRelu2d({.num_features = 2, .momentum = 1.5}), ValueError,
                         Message("BatchNormAddRelu2d: momentum must be in [0, 1], got 1.5"));
  BatchNormAddRelu2d layer({.num_features = 2});
  REQUIRE_THROWS_MATCHES(layer(Array::zeros({4, 2}), Array::zeros({4, 2})), ShapeError,
                         Message("BatchNormAddRelu2d: expected an input (N, C, H, W), got [4, 2]"));
}
