// ModuleBase: names, modes, freezing, moving.
#include <algorithm>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/layers/drop_connect.hpp>
#include <tapestry/nn/module_list.hpp>

#include "nn/example_modules.hpp"

namespace test_module {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

namespace {

/// The identity, with public registration functions.
struct Open : nn::Module {
  using Module::add;
  using Module::add_buffer;
  using Module::add_child;
  using Module::add_parameter;
  Tensor forward(const Tensor& x) const override { return x; }
};

static_assert(!std::is_copy_constructible_v<Net> && !std::is_copy_assignable_v<nn::Linear>);
static_assert(std::is_move_constructible_v<Net> && std::is_move_assignable_v<nn::Linear>);

}  // namespace

TEST_CASE("parameters buffers and modules are listed in order of declaration") {
  Net net;
  REQUIRE(names_of(net.named_parameters()) == std::vector<std::string>{"gain", "mix.weight", "mix.bias",
                                                                       "rest.0.weight", "rest.0.bias", "rest.3.weight",
                                                                       "rest.3.bias"});
  REQUIRE(names_of(net.named_buffers()) ==
          std::vector<std::string>{"calls", "rest.0.running_mean", "rest.0.running_var", "rest.0.num_batches_tracked"});
  std::vector<std::string> modules;
  for (const auto& [name, module] : net.named_modules()) modules.push_back(name);
  REQUIRE(modules == std::vector<std::string>{"", "mix", "rest", "rest.0", "rest.1", "rest.2", "rest.3"});
  REQUIRE(net.named_modules()[0].second == &net);
  REQUIRE(net.named_modules()[1].second == net.mix());
  REQUIRE(net.children().size() == 2);
  REQUIRE(net.children()[1].first == "rest");
  REQUIRE(net.children()[1].second.get() == net.rest());
}

TEST_CASE("parameters are listed once and require gradients while buffers do not") {
  const Net net;
  const auto named = net.named_parameters();
  const auto parameters = net.parameters();
  REQUIRE(parameters.size() == named.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    REQUIRE(parameters[i].is_same(named[i].tensor));
    REQUIRE(parameters[i].requires_grad());
    for (std::size_t j = 0; j < i; ++j) REQUIRE_FALSE(parameters[i].is_same(parameters[j]));
  }
  for (const auto& buffer : net.named_buffers()) REQUIRE_FALSE(buffer.tensor.requires_grad());
}

TEST_CASE("a layer that is called twice is listed once and accumulates both gradients") {
  struct Twice : nn::Module {
    Scale& scale = add("scale", Scale(3));
    Tensor forward(const Tensor& x) const override { return scale(scale(x)); }
  };
  Twice twice;
  REQUIRE(twice.parameters().size() == 1);
  sum(twice(Array::full({2}, 5))).backward();
  // d/df Σ 5f² = 2 elements · 10f
  REQUIRE(twice.scale.factor().grad().item() == 60);
}

TEST_CASE("a name that is empty or dotted or taken is rejected and nothing is registered") {
  Open module;
  const nn::Parameter weight = module.add_parameter("weight", Array::zeros({1}));
  const nn::Buffer count = module.add_buffer("count", Array::zeros({1}));
  module.add("child", Open());
  const auto declare = [&](const std::string& name, int kind) {
    if (kind == 0) static_cast<void>(module.add_parameter(name, Array::zeros({1})));
    if (kind == 1) static_cast<void>(module.add_buffer(name, Array::zeros({1})));
    if (kind == 2) module.add(name, Open());
  };
  for (int kind = 0; kind < 3; ++kind) {
    for (const std::string taken : {"weight", "count", "child"}) {
      REQUIRE_THROWS_MATCHES(declare(taken, kind), ValueError, Message("module: the name \"" + taken + "\" is taken"));
    }
    for (const std::string bad : {"", "a.b", "."}) {
      REQUIRE_THROWS_MATCHES(declare(bad, kind), ValueError,
                             Message("module: a name must not be empty or contain a dot, got \"" + bad + "\""));
    }
  }
  REQUIRE(module.named_parameters().size() == 1);
  REQUIRE(module.named_buffers().size() == 1);
  REQUIRE(module.children().size() == 1);
}

TEST_CASE("a part without a value is rejected and nothing is registered") {
  Open module;
  REQUIRE_THROWS_MATCHES(static_cast<void>(module.add_parameter("weight", Array())), ValueError,
                         Message("module: the value of \"weight\" is undefined"));
  REQUIRE_THROWS_MATCHES(static_cast<void>(module.add_buffer("count", Array())), ValueError,
                         Message("module: the value of \"count\" is undefined"));
  REQUIRE_THROWS_MATCHES(static_cast<void>(module.add_parameter("weight", Array::zeros({1}, DType::i64))), DTypeError,
                         Message("set_requires_grad: expected f32 or f64, got i64"));
  REQUIRE_THROWS_MATCHES(module.add_child("child", nullptr), ValueError,
                         Message("module: expected a submodule \"child\", got a null pointer"));
  REQUIRE(module.named_parameters().empty());
  REQUIRE(module.named_buffers().empty());
  REQUIRE(module.children().empty());
  REQUIRE(module.state_dict().empty());
}

TEST_CASE("layers made on different threads without a seed have different weights") {
  const auto weights_of_a_thread = [] {
    std::vector<double> values;
    std::thread([&] { values = values_of(nn::Linear({.in_features = 3, .out_features = 4}).weight().array()); }).join();
    return values;
  };
  const auto first = weights_of_a_thread(), second = weights_of_a_thread();
  REQUIRE(first.size() == 12);
  REQUIRE(first != second);
}

TEST_CASE("a submodule is found by name and class") {
  Net net;
  REQUIRE(&net.get_submodule<nn::Conv2d>("mix") == net.mix());
  REQUIRE(&net.get_submodule<nn::Module>("rest") == net.rest());
  REQUIRE(&net.get_submodule<Net>("") == &net);
  REQUIRE(&net.get_submodule<nn::Linear>("rest.3") == net.named_modules()[6].second);
  REQUIRE_THROWS_MATCHES(net.get_submodule<nn::Linear>("mix"), ValueError,
                         Message("get_submodule: the module \"mix\" is not of the requested type"));
  REQUIRE_THROWS_MATCHES(net.get_submodule<nn::Module>("mixed"), ValueError,
                         Message("get_submodule: no module \"mixed\" among \"\", \"mix\", \"rest\", \"rest.0\", "
                                 "\"rest.1\", \"rest.2\", \"rest.3\""));
}

TEST_CASE("a module of several inputs is registered and trained like a layer") {
  struct Between : nn::ModuleOf<Tensor(const Tensor&, const Tensor&)> {
    Scale& scale = add("scale", Scale(3));
    Tensor forward(const Tensor& a, const Tensor& b) const override { return a + scale(b); }
  };
  struct Twice : nn::Module {
    Between& between = add("between", Between());
    Tensor forward(const Tensor& x) const override { return between(x, x); }
  };
  Twice twice;
  REQUIRE(names_of(twice.named_parameters()) == std::vector<std::string>{"between.scale.factor"});
  twice.eval();
  REQUIRE_FALSE(twice.between.scale.is_training());
  REQUIRE(twice(Array::scalar(2)).item() == 8);
}

TEST_CASE("train and eval reach every submodule") {
  Net net;
  const auto all_are = [&](bool training) {
    const auto modules = net.named_modules();
    return std::all_of(modules.begin(), modules.end(),
                       [&](const auto& one) { return one.second->is_training() == training; });
  };
  REQUIRE(all_are(true));
  net.eval();
  REQUIRE(all_are(false));
  net.train();
  REQUIRE(all_are(true));
  net.children()[1].second->eval();
  REQUIRE(net.is_training());
  REQUIRE_FALSE(net.children()[1].second->children()[0].second->is_training());
}

TEST_CASE("a frozen module gets no gradients but propagates them") {
  Net net;
  net.set_requires_grad(false);
  REQUIRE_FALSE(net(image()).requires_grad());
  const Tensor x = Tensor(image()).set_requires_grad();
  sum(net(x)).backward();
  REQUIRE(x.grad().defined());
  for (const Tensor& parameter : net.parameters()) REQUIRE_FALSE(parameter.grad().defined());
  net.set_requires_grad(true);
  sum(net(image())).backward();
  for (const Tensor& parameter : net.parameters()) REQUIRE(parameter.grad().defined());
}

TEST_CASE("a part of a module can be frozen") {
  Net net;
  net.children()[0].second->set_requires_grad(false);
  sum(net(image())).backward();
  for (const auto& [name, parameter] : net.named_parameters()) {
    INFO(name);
    REQUIRE(parameter.grad().defined() == !name.starts_with("mix."));
  }
}

TEST_CASE("a moved module keeps its children tensors hooks and mode") {
  manual_seed(4);
  Net net;
  net.eval();
  int calls = 0;
  net.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) {
    ++calls;
    return Tensor();
  });
  const Array before = net(image()).array();
  const auto parameters = net.parameters();
  const nn::Module* mix = net.mix();
  Net moved = std::move(net);
  REQUIRE(moved.mix() == mix);
  REQUIRE(moved.children()[0].second.get() == mix);
  REQUIRE(moved.parameters().size() == parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) REQUIRE(moved.parameters()[i].is_same(parameters[i]));
  REQUIRE_FALSE(moved.is_training());
  require_equal(moved(image()).array(), before);
  REQUIRE(calls == 2);
}

TEST_CASE("the same seed gives the same weights and another seed different ones") {
  const auto weights = [](std::uint64_t seed) {
    manual_seed(seed);
    return Net().state_dict();
  };
  require_same(weights(5), weights(5));
  REQUIRE(weights(5)[2].second.to_vector<float>() != weights(6)[2].second.to_vector<float>());
}

TEST_CASE("assigning to a parameter or buffer member writes into the registered tensor") {
  struct Averaged : nn::Module {
    nn::Parameter gain = add_parameter("gain", Array::full({2}, 3));
    nn::Buffer mean = add_buffer("mean", Array::zeros({2}));
    nn::Parameter absent;
    Tensor forward(const Tensor& x) const override { return x * gain - mean; }
  };
  // A Tensor member would be detached from the module by an assignment, and therefore does not compile.
  static_assert(!std::is_convertible_v<nn::Buffer, Tensor>);
  Averaged module;
  module.mean = module.mean * 0.5 + Array::full({2}, 4);
  module.gain = Tensor(Array::full({2}, 7));
  require_equal(module.state_dict()[0].second, Array::full({2}, 7));
  require_equal(module.state_dict()[1].second, Array::full({2}, 4));
  require_equal(module(Array::full({2}, 1)).array(), Array::full({2}, 3));
  REQUIRE(module.parameters()[0].requires_grad());
  REQUIRE(module.parameters()[0].is_leaf());
  REQUIRE_FALSE(module.named_buffers()[0].tensor.requires_grad());
  REQUIRE_THROWS_MATCHES(module.mean = Tensor(Array::zeros({3})), ShapeError,
                         Message("StateTensor: expected values of shape [2], got [3]"));
  REQUIRE_THROWS_MATCHES(module.absent = Tensor(Array::zeros({2})), ValueError,
                         Message("StateTensor: cannot assign to a parameter or buffer that is not registered\n"
                                 "hint: register it first with add_parameter or add_buffer"));
}

TEST_CASE("a layer that is a plain member is an error when it is called") {
  struct Forgetful : nn::Module {
    nn::Linear layer = nn::Linear({.in_features = 2, .out_features = 2});
    Tensor forward(const Tensor& x) const override { return layer(x); }
  };
  struct Dropping : nn::Module {
    nn::Dropout dropout = nn::Dropout({.p = 0.5});
    nn::Flatten flatten;
    Tensor forward(const Tensor& x) const override { return dropout(flatten(x)); }
  };
  Forgetful forgetful;
  const auto text = [](const std::string& outer, const std::string& layer) {
    return Message(outer + ": calls a " + layer +
                   " that is not registered, so that train(), parameters() and state_dict() do not reach it\n"
                   "hint: declare the member as " +
                   layer + "& layer_ = add(\"layer\", " + layer + "({…}));");
  };
  REQUIRE_THROWS_MATCHES(forgetful(Array::zeros({1, 2})), ValueError, text("Forgetful", "Linear"));
  REQUIRE_THROWS_MATCHES(Dropping()(Array::zeros({1, 2})), ValueError, text("Dropping", "Dropout"));
  // A frozen unregistered module, such as a teacher for distillation, may be called.
  forgetful.layer.set_requires_grad(false);
  forgetful.layer.eval();
  REQUIRE(forgetful(Array::zeros({1, 2})).shape() == Shape{1, 2});
  // So may any module outside of a forward.
  forgetful.layer.set_requires_grad(true);
  REQUIRE(forgetful.layer(Array::zeros({1, 2})).shape() == Shape{1, 2});
}

TEST_CASE("a layer of an unregistered list is an error when it is called") {
  struct Listing : nn::Module {
    nn::ModuleList<> layers;
    Listing() { layers.append(nn::Linear({.in_features = 2, .out_features = 2})); }
    Tensor forward(const Tensor& x) const override { return layers[0](x); }
  };
  REQUIRE_THROWS_WITH(Listing()(Array::zeros({1, 2})),
                      ContainsSubstring("Listing: calls a Linear that is not registered"));
}

TEST_CASE("a module that is assigned to a registered one takes its place") {
  manual_seed(3);
  nn::Sequential outer;
  auto& head = outer.append(nn::Linear({.in_features = 4, .out_features = 3}));
  nn::Linear replacement({.in_features = 4, .out_features = 7, .bias = false});
  const Tensor weight = replacement.weight();
  head = std::move(replacement);
  REQUIRE(outer.named_parameters().size() == 1);
  REQUIRE(outer.named_parameters()[0].name == "0.weight");
  REQUIRE(outer.parameters()[0].is_same(weight));
  REQUIRE(outer(Array::zeros({2, 4})).shape() == Shape{2, 7});
  outer.eval();
  REQUIRE_FALSE(head.is_training());
}

TEST_CASE("a module that is moved out of its parent is no longer registered there") {
  struct Taker : nn::Module {
    explicit Taker(nn::Linear taken) : layer(std::move(taken)) {}
    nn::Linear layer;
    Tensor forward(const Tensor& x) const override { return layer(x); }
  };
  nn::Sequential outer;
  auto& head = outer.append(nn::Linear({.in_features = 2, .out_features = 2}));
  const Taker taker(std::move(head));
  REQUIRE_THROWS_WITH(taker(Array::zeros({1, 2})), ContainsSubstring("Taker: calls a Linear that is not registered"));
}

TEST_CASE("a hook may call an unregistered model") {
  nn::Sequential layers = nn::sequential({nn::Flatten()});
  nn::Linear other({.in_features = 4, .out_features = 3});
  Shape seen;
  layers.get_submodule<nn::Flatten>("0").add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor& y) {
    seen = other(y).shape();
    return Tensor();
  });
  layers(Array::zeros({2, 2, 2}));
  REQUIRE(seen == Shape{2, 3});
}

TEST_CASE("a const model can be evaluated") {
  manual_seed(8);
  Net net;
  net.eval();
  const Array expected = net(image()).array();
  const Net& model = net;
  require_equal(model(image()).array(), expected);
  require_equal(model.forward(image()).array(), expected);
}

TEST_CASE("using a module that has been moved from is an error") {
  Net net;
  const Net moved = std::move(net);
  const auto text = Message("Net: the module has been moved from and cannot be used");
  REQUIRE_THROWS_MATCHES(net(image()), ValueError, text);       // NOLINT: the use after the move is what is tested
  REQUIRE_THROWS_MATCHES(net.parameters(), ValueError, text);   // NOLINT
  REQUIRE_THROWS_MATCHES(net.train(), ValueError, text);        // NOLINT
  REQUIRE_THROWS_MATCHES(net.is_training(), ValueError, text);  // NOLINT
  REQUIRE(moved.parameters().size() == 7);
}

TEST_CASE("a layer cannot be made from one of a derived class") {
  static_assert(!std::is_constructible_v<nn::Conv2d, nn::DropConnectConv2d>);
  static_assert(!std::is_constructible_v<nn::Linear, nn::DropConnectLinear>);
  static_assert(!std::is_assignable_v<nn::Conv2d&, nn::DropConnectConv2d>);
  static_assert(!std::is_assignable_v<nn::Linear&, nn::DropConnectLinear>);
  nn::DropConnectLinear layer({.linear = {.in_features = 2, .out_features = 3}, .p = 0.5});
  const nn::DropConnectLinear moved = std::move(layer);
  REQUIRE(moved.parameters().size() == 2);
}

}  // namespace test_module
