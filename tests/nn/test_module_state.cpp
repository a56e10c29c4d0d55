// State dicts: saving, loading and converting.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>

#include "nn/example_modules.hpp"

namespace test_module_state {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

Array& entry_of(nn::StateDict& state, const std::string& name) {
  const auto found = std::find_if(state.begin(), state.end(), [&](const auto& one) { return one.first == name; });
  REQUIRE(found != state.end());
  return found->second;
}

}  // namespace

TEST_CASE("the state dict holds copies of parameters and buffers by module") {
  const Net net;
  const nn::StateDict state = net.state_dict();
  REQUIRE(names_of(state) == std::vector<std::string>{"gain", "calls", "mix.weight", "mix.bias", "rest.0.weight",
                                                      "rest.0.bias", "rest.0.running_mean", "rest.0.running_var",
                                                      "rest.0.num_batches_tracked", "rest.3.weight", "rest.3.bias"});
  REQUIRE(state[0].second.at({0, 1, 0, 0}) == 3);
  Array(net.parameters()[0].array()).fill(7);
  REQUIRE(state[0].second.at({0, 1, 0, 0}) == 3);
}

TEST_CASE("loading a state dict restores the module that it came from") {
  manual_seed(1);
  Net first;
  first(image());  // moves the running statistics
  Net second;
  second.load_state_dict(first.state_dict());
  require_same(second.state_dict(), first.state_dict());
  first.eval();
  second.eval();
  require_equal(second(image(2)).array(), first(image(2)).array());

  // The order of the entries does not matter, and the module keeps its own memory.
  nn::StateDict reversed = first.state_dict();
  std::reverse(reversed.begin(), reversed.end());
  Net third;
  third.load_state_dict(reversed);
  for (auto& one : reversed) one.second.fill(0);
  require_same(third.state_dict(), first.state_dict());
}

TEST_CASE("loading keeps the tensors of a module and converts dtype and memory format") {
  Net net;
  const auto before = net.parameters();
  nn::StateDict state = net.state_dict();
  Array& gain = entry_of(state, "gain");
  gain = Generator(3).reals(gain.shape()).contiguous(MemoryFormat::channels_last);
  net.load_state_dict(state);
  REQUIRE(net.parameters()[0].is_same(before[0]));
  REQUIRE(before[0].dtype() == DType::f32);
  require_equal(before[0].array(), gain.to(DType::f32));
}

TEST_CASE("a state dict that does not match is rejected with every fault and changes nothing") {
  Net net;
  const nn::StateDict before = net.state_dict();
  nn::StateDict state = net.state_dict();
  for (auto& one : state) one.second.fill(9);
  std::erase_if(state, [](const auto& one) { return one.first == "mix.bias"; });
  entry_of(state, "mix.weight") = Array::zeros({5, 2, 3, 3});
  entry_of(state, "rest.0.num_batches_tracked") = Array::zeros({});
  entry_of(state, "rest.3.bias") = Array::zeros({4}, DType::u8);
  entry_of(state, "rest.3.weight") = Array();
  state.emplace_back("rest.9.weight", Array::zeros({1}));
  state.emplace_back("gain", Array::zeros({1, 2, 1, 1}));
  state.emplace_back("rest", Array::zeros({1}));
  const auto versions = [&] {
    std::vector<std::uint64_t> result;
    for (const auto& tensor : net.parameters()) result.push_back(tensor.array().version());
    return result;
  };
  const auto untouched = versions();
  REQUIRE_THROWS_MATCHES(
      net.load_state_dict(state), ValueError,
      Message("load_state_dict: gain is listed twice; mix.weight: expected [5, 2, 1, 1], got [5, 2, 3, 3]; mix.bias is "
              "missing; rest.0.num_batches_tracked: expected i64, got f32; rest.3.weight is undefined; rest.3.bias: "
              "expected f32, got u8; "
              "rest.9.weight is unexpected; rest is unexpected"));
  require_same(net.state_dict(), before);
  REQUIRE(versions() == untouched);
  REQUIRE_THROWS_AS(net.load_state_dict({}), ValueError);
  require_same(net.state_dict(), before);
}

TEST_CASE("a module converted to another dtype has the same tensors with converted values") {
  Net net;
  net(image());
  const auto parameters = net.parameters();
  sum(net(image())).backward();
  const nn::StateDict before = net.state_dict();
  REQUIRE(parameters[0].grad().defined());
  net.to(DType::f64);
  REQUIRE_FALSE(parameters[0].grad().defined());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    REQUIRE(net.parameters()[i].is_same(parameters[i]));
    REQUIRE(parameters[i].dtype() == DType::f64);
    REQUIRE(parameters[i].requires_grad());
  }
  REQUIRE(net.named_buffers()[0].tensor.dtype() == DType::i64);
  REQUIRE(net.named_buffers()[1].tensor.dtype() == DType::f64);
  REQUIRE(net.named_buffers()[3].tensor.dtype() == DType::i64);
  require_equal(net.state_dict()[2].second, before[2].second.to(DType::f64));
  net.to(DType::f32);
  require_same(net.state_dict(), before);

  net.to(DType::f64);
  const Tensor y = net(image().to(DType::f64));
  REQUIRE(y.dtype() == DType::f64);
  sum(y).backward();
  REQUIRE(parameters[0].grad().dtype() == DType::f64);
  REQUIRE(net.named_buffers()[1].tensor.dtype() == DType::f64);
}

TEST_CASE("a module cannot be converted to integers") {
  Net net;
  const nn::StateDict before = net.state_dict();
  REQUIRE_THROWS_MATCHES(net.to(DType::i64), DTypeError, Message("Module::to: expected f32 or f64, got i64"));
  require_same(net.state_dict(), before);
}

}  // namespace test_module_state
