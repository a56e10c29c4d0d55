// Convolutions right after a batch norm whose result nobody has read.
#include <string>
#include <vector>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/norm/normalization.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>

#include "autograd/generate.hpp"

using namespace tapestry;
using namespace tapestry::testing;

namespace {

constexpr std::int64_t channels = 131;

struct Case {
  Tensor x, weight;
  Conv2dOptions options;

  Tensor normalised() const { return batch_norm_relu(x, {}, {}, {}, {}, {.training = true, .max_value = 1.5}); }
  Tensor convolved(const Tensor& y) const { return conv2d(y, weight, {}, options); }
};

Case make(DType dtype, const Shape& weight, const Conv2dOptions& options) {
  return {leaf(Generator(1).reals({3, channels, 5, 4}).to(dtype).contiguous(MemoryFormat::channels_last)),
          leaf(Generator(2).reals(weight).to(dtype)), options};
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const DType dtype : {DType::f32, DType::f64}) {
    cases.push_back(make(dtype, {7, channels, 1, 1}, {}));
    cases.push_back(make(dtype, {channels, 1, 3, 2}, {.stride = {2, 1}, .padding = Pair{1, 0}, .groups = channels}));
  }
  return cases;
}

}  // namespace

TEST_CASE("a convolution that can normalise leaves the batch norm's result uncomputed, with the same bits") {
  for (const Case& c : all_cases()) {
    const Tensor read = c.normalised();
    read.array().compute();
    const Tensor expected = c.convolved(read);
    const auto gradients = grad(sum(expected * expected), {c.x, c.weight});

    const Tensor y = c.normalised();
    const Tensor z = c.convolved(y);
    require_equal(z.array(), expected.array());
    const auto others = grad(sum(z * z), {c.x, c.weight});
    REQUIRE(y.array().is_deferred());
    for (std::size_t i = 0; i < others.size(); ++i) require_equal(others[i].array(), gradients[i].array());
    require_equal(y.array(), read.array());
  }
}

TEST_CASE("a convolution that cannot normalise computes the batch norm's result") {
  const Case c = make(DType::f32, {7, channels, 3, 3}, {});
  const Tensor y = c.normalised();
  REQUIRE(y.array().is_deferred());
  c.convolved(y);
  REQUIRE_FALSE(y.array().is_deferred());
}

TEST_CASE("a batch norm's result whose origin is overwritten before it is read is named") {
  for (const Case& c : all_cases()) {
    const Tensor y = c.normalised();
    const auto version = c.x.array().version();
    Array(c.x.array()).fill(3);
    const std::string text = "batch_norm_relu: an input " + to_string(c.x.array()) +
                             " that was saved for backward has been overwritten: it is at version " +
                             std::to_string(version + 1) + ", expected " + std::to_string(version) +
                             "\nhint: change it after backward, or change a clone()";
    REQUIRE_THROWS_WITH(y.array().compute(), text);
    REQUIRE_THROWS_WITH(c.convolved(y), text);
    REQUIRE(y.array().is_deferred());
  }
}

TEST_CASE("a batch norm that nothing records, or of a copy of its operand, is computed at once") {
  Case c = make(DType::f32, {7, channels, 1, 1}, {});
  REQUIRE_FALSE(batch_norm_relu(c.x.detach(), {}, {}, {}, {}, {.training = true}).array().is_deferred());
  c.x = leaf(c.x.array().contiguous());
  REQUIRE_FALSE(c.normalised().array().is_deferred());
}
