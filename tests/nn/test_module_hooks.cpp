// Functions called before and after a module's forward.
#include <string>
#include <vector>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/loss.hpp>

#include "nn/example_modules.hpp"

namespace test_module_hooks {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;

TEST_CASE("hooks run around forward in the order they were added") {
  Scale scale(2);
  std::vector<std::string> calls;
  const auto number = [](const Tensor& x) { return " " + std::to_string(static_cast<int>(x.item())); };
  const auto note = [&](const std::string& name) {
    return [&calls, number, name](const nn::Module&, const Tensor& x) {
      calls.push_back(name + number(x));
      return Tensor();
    };
  };
  scale.add_forward_pre_hook(note("first"));
  const auto second = scale.add_forward_pre_hook(note("second"));
  const auto after = scale.add_forward_hook([&](const nn::Module& module, const Tensor& x, const Tensor& y) {
    REQUIRE(&module == &scale);
    calls.push_back("after" + number(x) + number(y));
    return Tensor();
  });
  REQUIRE(scale(Array::scalar(5)).item() == 10);
  REQUIRE(calls == std::vector<std::string>{"first 5", "second 5", "after 5 10"});

  calls.clear();
  scale.remove_hook(second);
  scale(Array::scalar(6));
  REQUIRE(calls == std::vector<std::string>{"first 6", "after 6 12"});

  calls.clear();
  scale.remove_hook(after);
  scale.remove_hook(after);  // gone already
  scale(Array::scalar(7));
  REQUIRE(calls == std::vector<std::string>{"first 7"});
}

TEST_CASE("the result of a hook replaces the input or output and keeps its history") {
  Scale scale(2);
  scale.add_forward_pre_hook([](const nn::Module&, const Tensor& x) { return x + 1; });
  scale.add_forward_pre_hook([](const nn::Module&, const Tensor& x) { return x * 10; });
  scale.add_forward_hook([](const nn::Module&, const Tensor& x, const Tensor& y) {
    REQUIRE(x.item() == 40);  // what forward was given
    return y + 0.5;
  });
  scale.add_forward_hook([](const nn::Module&, const Tensor&, const Tensor& y) { return y * 2; });
  const Tensor x = Tensor(Array::scalar(3)).set_requires_grad();
  const Tensor y = scale(x);
  REQUIRE(y.item() == 161);
  y.backward();
  REQUIRE(x.grad().item() == 40);
  REQUIRE(scale.factor().grad().item() == 80);
  // forward itself runs no hooks
  REQUIRE(scale.forward(x).item() == 6);
}

TEST_CASE("a hook may remove itself") {
  Scale scale(2);
  nn::HookId own = 0;
  int calls = 0;
  int later = 0;
  own = scale.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) {
    scale.remove_hook(own);
    ++calls;
    return Tensor();
  });
  scale.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) {
    ++later;
    return Tensor();
  });
  scale(Array::scalar(1));
  scale(Array::scalar(1));
  REQUIRE(calls == 1);
  REQUIRE(later == 2);
}

TEST_CASE("hooks of a module with several inputs and outputs see and replace all tensors") {
  class Divided : public nn::ModuleOf<std::vector<Tensor>(const Tensor&, double, const Tensor&)> {
   public:
    std::vector<Tensor> forward(const Tensor& a, double factor, const Tensor& b) const override {
      return {a * factor, b / factor};
    }
  };
  Divided divided;
  std::vector<double> seen;
  divided.add_forward_pre_hook([&](const nn::ModuleBase& module, std::vector<Tensor>& inputs) {
    REQUIRE(&module == &divided);
    REQUIRE(inputs.size() == 2);
    inputs[1] = inputs[1] + 1;
  });
  const auto id = divided.add_forward_hook(
      [&](const nn::ModuleBase&, const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs) {
        for (const Tensor& x : inputs) seen.push_back(x.item());
        for (const Tensor& y : outputs) seen.push_back(y.item());
        outputs[0] = outputs[0] * 10;
      });
  const std::vector<Tensor> outputs = divided(Array::scalar(3), 4, Array::scalar(7));
  REQUIRE(seen == std::vector<double>{3, 8, 12, 2});
  REQUIRE(outputs[0].item() == 120);
  REQUIRE(outputs[1].item() == 2);
  divided.remove_hook(id);
  REQUIRE(divided(Array::scalar(3), 4, Array::scalar(7))[0].item() == 12);
}

TEST_CASE("hooks that change the number of inputs or outputs are errors") {
  nn::L1Loss loss;
  const Tensor one = Array::scalar(1);
  const auto id = loss.add_forward_pre_hook([](const nn::ModuleBase&, std::vector<Tensor>& inputs) { inputs.clear(); });
  REQUIRE_THROWS_MATCHES(loss(one, one), ValueError,
                         Message("L1Loss: a hook changed the number of inputs from 2 to 0"));
  loss.remove_hook(id);
  loss.add_forward_hook([](const nn::ModuleBase&, const std::vector<Tensor>&, std::vector<Tensor>& outputs) {
    outputs.push_back(outputs[0]);
  });
  REQUIRE_THROWS_MATCHES(loss(one, one), ValueError,
                         Message("L1Loss: a hook changed the number of outputs from 1 to 2"));
}

}  // namespace test_module_hooks
