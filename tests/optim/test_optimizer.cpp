// Properties of every optimizer: groups, parameters without gradients, rejected parameters, convergence.
#include <memory>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/optim/adamw.hpp>
#include <tapestry/optim/sgd.hpp>

#include "optim/optimizer_checks.hpp"

namespace test_optimizer {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using optim::AdamW;
using optim::Sgd;

namespace {

using Make = std::function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>&)>;

/// Every optimizer with options that make it depend on earlier gradients.
std::vector<std::pair<std::string, Make>> optimizers(double lr = 0.05) {
  return {{"Sgd",
           [=](const std::vector<Tensor>& p) {
             return std::make_unique<Sgd>(p, optim::SgdOptions{.lr = lr, .momentum = 0.9, .nesterov = true});
           }},
          {"AdamW", [=](const std::vector<Tensor>& p) {
             return std::make_unique<AdamW>(p, optim::AdamWOptions{.lr = lr, .weight_decay = 0});
           }}};
}

void give_gradient(Tensor parameter, int step) {
  parameter.set_grad(made_up_gradient(parameter.shape(), step));
}

}  // namespace

TEST_CASE("a parameter without a gradient and its state stay unchanged") {
  for (const auto& [name, make] : optimizers()) {
    INFO(name);
    const Tensor skipping = made_up_parameter({4}, 1);
    const Tensor steady = made_up_parameter({4}, 1);
    const Tensor never = made_up_parameter({4}, 2);
    const Array never_before = never.array().clone();
    const auto optimizer = make({never, skipping});
    const auto reference = make({steady});
    for (const int step : {1, 2, 3}) {
      optimizer->zero_grad();
      const Array before = skipping.array().clone();
      optimizer->step();
      require_equal(skipping.array(), before);

      give_gradient(skipping, step);
      give_gradient(steady, step);
      optimizer->step();
      reference->step();
      require_equal(skipping.array(), steady.array());
    }
    require_equal(never.array(), never_before);
  }
}

// The elements of all parameters are divided into ranges as one concatenation (map_grain is 16384).
TEST_CASE("a step over parameters of all sizes and dtypes equals separate steps") {
  const auto parameters = [] {
    std::vector<Tensor> all;
    for (const Shape& shape : {Shape{3}, Shape{0, 4}, Shape{20'000}, Shape{}, Shape{0}, Shape{5, 7}, Shape{2, 16'384},
                               Shape{16'000}, Shape{0}}) {
      const DType dtype = all.size() % 3 == 2 ? DType::f32 : DType::f64;
      all.push_back(Tensor(made_up_parameter(shape, all.size()).array().to(dtype)).set_requires_grad());
    }
    return all;
  };
  for (const auto& [name, make] : optimizers()) {
    INFO(name);
    const ThreadCount three(3);
    const std::vector<Tensor> together = parameters();
    const std::vector<Tensor> alone = parameters();
    const auto optimizer = make(together);
    std::vector<std::unique_ptr<optim::Optimizer>> single;
    for (const Tensor& parameter : alone) single.push_back(make({parameter}));
    for (const int step : {1, 2}) {
      for (std::size_t i = 0; i < alone.size(); ++i) {
        const Array gradient = made_up_gradient(alone[i].shape(), step).to(alone[i].dtype());
        for (Tensor parameter : {together[i], alone[i]}) parameter.set_grad(gradient);
        single[i]->step();
      }
      optimizer->step();
    }
    for (std::size_t i = 0; i < alone.size(); ++i) {
      INFO("parameter " << i);
      require_equal(together[i].array(), alone[i].array());
    }
  }
}

TEST_CASE("zero_grad clears every gradient") {
  for (const auto& [name, make] : optimizers()) {
    INFO(name);
    const std::vector<Tensor> parameters = {made_up_parameter({2}, 1), made_up_parameter({3, 2}, 2)};
    const auto optimizer = make(parameters);
    for (const Tensor& parameter : parameters) give_gradient(parameter, 1);
    optimizer->zero_grad();
    for (const Tensor& parameter : parameters) REQUIRE_FALSE(parameter.grad().defined());
  }
}

TEST_CASE("every group has its own options") {
  const Tensor fast = Tensor(Array::scalar(1, DType::f64)).set_requires_grad();
  const Tensor slow = Tensor(Array::scalar(1, DType::f64)).set_requires_grad();
  const Tensor decayed = Tensor(Array::scalar(1, DType::f64)).set_requires_grad();
  const auto step_all = [&](optim::Optimizer& optimizer) {
    for (Tensor parameter : {fast, slow, decayed}) parameter.set_grad(Array::scalar(1, DType::f64));
    optimizer.step();
  };
  Sgd sgd({{.parameters = {fast}, .options = {.lr = 0.5}},
           {.parameters = {slow, decayed}, .options = {.lr = 0.25, .weight_decay = 1}}});
  REQUIRE(sgd.group_count() == 2);
  REQUIRE(sgd.lr() == 0.5);
  REQUIRE(sgd.lr(1) == 0.25);
  REQUIRE(sgd.parameters().size() == 3);
  REQUIRE(sgd.parameters()[1].is_same(slow));
  step_all(sgd);
  REQUIRE(fast.item() == 0.5);
  REQUIRE(slow.item() == 0.5);
  REQUIRE(decayed.item() == 0.5);
  sgd.set_lr(1, 0);
  REQUIRE(sgd.lr(0) == 0.5);
  step_all(sgd);
  REQUIRE(fast.item() == 0);
  REQUIRE(slow.item() == 0.5);

  AdamW adamw({{.parameters = {fast}, .options = {.lr = 0.5, .eps = 0, .weight_decay = 0}},
               {.parameters = {slow}, .options = {.lr = 0.25, .eps = 0, .weight_decay = 0}}});
  step_all(adamw);
  REQUIRE(std::abs(fast.item() + 0.5) < 1e-14);
  REQUIRE(std::abs(slow.item() - 0.25) < 1e-14);
  REQUIRE(decayed.item() == 0.5);
}

TEST_CASE("an invalid learning rate is rejected and the old one stays") {
  for (const auto& [name, make] : optimizers()) {
    const auto optimizer = make({made_up_parameter({2}, 1)});
    for (const double lr : {-1.0, not_a_number, infinite}) REQUIRE_THROWS_AS(optimizer->set_lr(0, lr), ValueError);
    REQUIRE_THROWS_MATCHES(optimizer->set_lr(0, -1), ValueError,
                           Message(name + ": lr must be finite and not negative, got -1"));
    REQUIRE(optimizer->lr() == 0.05);
    optimizer->set_lr(0, 0.75);
    REQUIRE(optimizer->lr() == 0.75);
  }
}

TEST_CASE("optimizers reject parameter lists that are empty or contain duplicates or computed tensors") {
  const Tensor a = made_up_parameter({2}, 1);
  const Tensor b = made_up_parameter({3, 2}, 2);
  for (const auto& [name, make] : optimizers()) {
    REQUIRE_THROWS_MATCHES(make({}), ValueError, Message(name + ": the list of parameters is empty"));
    REQUIRE_THROWS_MATCHES(make({a, b, b}), ValueError, Message(name + ": parameter 2 (f64[3, 2]) is listed twice"));
    REQUIRE_THROWS_MATCHES(make({a, b * 2}), ValueError, Message(name + ": parameter 1 is not a leaf tensor"));
    REQUIRE_THROWS_MATCHES(make({Tensor()}), ValueError, Message(name + ": parameter 0 is not a leaf tensor"));
  }
  using Groups = std::vector<optim::ParameterGroup<optim::SgdOptions>>;
  REQUIRE_THROWS_MATCHES(Sgd(Groups{}), ValueError, Message("Sgd: the list of parameters is empty"));
  REQUIRE_THROWS_MATCHES(Sgd(Groups{{{a}, {.lr = 1}}, {{}, {.lr = 1}}}), ValueError,
                         Message("Sgd: the list of parameters is empty"));
  REQUIRE_THROWS_MATCHES(Sgd(Groups{{{a}, {.lr = 1}}, {{b, a}, {.lr = 1}}}), ValueError,
                         Message("Sgd: parameter 1 (f64[2]) is listed twice"));
  REQUIRE_THROWS_MATCHES(Sgd(Groups{{{a}, {.lr = 1}}, {{b}, {.lr = -1}}}), ValueError,
                         Message("Sgd: lr must be finite and not negative, got -1"));
}

TEST_CASE("parameters that overlap in memory are rejected") {
  const Array memory = Generator(1).reals({6});
  const auto of = [](const Array& array) { return Tensor(array).set_requires_grad(); };
  const std::string hint = "\nhint: pass a parameter that is used in several places once, as one tensor";
  for (const auto& [name, make] : optimizers()) {
    const auto rejects = [&, label = name, make_one = make](const std::vector<Tensor>& parameters,
                                                            const std::string& text) {
      REQUIRE_THROWS_MATCHES(make_one(parameters), ValueError, Message(label + ": parameters " + text + hint));
    };
    rejects({of(memory), of(memory)}, "0 (f64[6]) and 1 (f64[6]) overlap in memory");
    rejects({made_up_parameter({3}, 1), of(memory.slice(2, 4)), of(memory.reshape({2, 3}))},
            "1 (f64[2]) and 2 (f64[2, 3]) overlap in memory");
    rejects({of(memory.slice(3, 6)), made_up_parameter({3}, 1), of(memory.slice(0, 4))},
            "0 (f64[3]) and 2 (f64[4]) overlap in memory");
    REQUIRE_NOTHROW(make({of(memory.slice(0, 3)), of(memory.slice(3, 6)), of(memory.slice(2, 2))}));
  }
}

TEST_CASE("a step that cannot be taken for every parameter is not taken for any") {
  const std::string remade = "\nhint: make the optimizer after replacing or converting parameters";
  struct Fault {
    std::function<void(Tensor& last, const Tensor& first)> change;
    std::string message;
  };
  const std::vector<Fault> faults = {
      {[](Tensor& last, const Tensor&) { last.set_array(made_up_gradient({5}, 1)); },
       "expected parameter 2 to be f64[3], got f64[5]" + remade},
      {[](Tensor& last, const Tensor&) { last.set_array(made_up_gradient({2}, 1)); },
       "expected parameter 2 to be f64[3], got f64[2]" + remade},
      {[](Tensor& last, const Tensor&) { last.set_array(last.array().to(DType::f32)); },
       "expected parameter 2 to be f64[3], got f32[3]" + remade},
      {[](Tensor& last, const Tensor&) {
         give_gradient(last, 1);
         Tensor(last.grad()).set_array(made_up_gradient({1}, 1));
       },
       "expected the gradient of parameter 2 to be f64[3], got f64[1]"},
      {[](Tensor& last, const Tensor&) {
         give_gradient(last, 1);
         Tensor(last.grad()).set_array(last.grad().array().to(DType::f32));
       },
       "expected the gradient of parameter 2 to be f64[3], got f32[3]"},
      {[](Tensor& last, const Tensor& first) { last.set_array(first.array()); },
       "parameters 0 (f64[3]) and 2 (f64[3]) overlap in memory\nhint: pass a parameter that is used in several places "
       "once, as one tensor"}};
  for (const auto& [name, make] : optimizers()) {
    for (const Fault& fault : faults) {
      for (const int steps_before : {0, 2}) {
        const std::vector<Tensor> parameters = {made_up_parameter({3}, 1), made_up_parameter({4}, 2),
                                                made_up_parameter({3}, 3)};
        const std::vector<Tensor> untouched = {made_up_parameter({3}, 1), made_up_parameter({4}, 2),
                                               made_up_parameter({3}, 3)};
        const auto optimizer = make(parameters);
        const auto reference = make(untouched);
        const auto give_all = [](const std::vector<Tensor>& all, int step) {
          for (const Tensor& one : all) give_gradient(one, step);
        };
        for (int step = 0; step < steps_before; ++step) {
          give_all(parameters, step);
          give_all(untouched, step);
          optimizer->step();
          reference->step();
        }
        give_all(parameters, 5);
        Tensor last = parameters[2];
        const Array old = last.array();
        fault.change(last, parameters[0]);
        REQUIRE_THROWS_WITH(optimizer->step(), name + ": " + fault.message);
        require_equal(parameters[0].array(), untouched[0].array());
        require_equal(parameters[1].array(), untouched[1].array());

        // The states have not advanced either.
        last.set_array(old);
        give_all(parameters, 6);
        give_all(untouched, 6);
        optimizer->step();
        reference->step();
        for (std::size_t i = 0; i < parameters.size(); ++i) require_equal(parameters[i].array(), untouched[i].array());
      }
    }
  }
}

TEST_CASE("a parameter's value may be replaced by one in another memory format") {
  const auto run = [&](const Make& make, MemoryFormat format) {
    const Tensor parameter = made_up_parameter({2, 3, 4, 5}, 1);
    const auto optimizer = make({parameter});
    for (const int step : {1, 2, 3}) {
      give_gradient(parameter, step);
      optimizer->step();
      Tensor(parameter).set_array(parameter.array().contiguous(format));
    }
    return parameter.array();
  };
  for (const auto& [name, make] : optimizers()) {
    INFO(name);
    require_equal(run(make, MemoryFormat::channels_last), run(make, MemoryFormat::row_major));
  }
}

TEST_CASE("a parameter that is not floating is rejected") {
  const Tensor integers = Array::zeros({2}, DType::i64);
  for (const auto& [name, make] : optimizers()) {
    REQUIRE_THROWS_MATCHES(make({integers}), DTypeError, Message(name + ": expected f32 or f64, got i64"));
  }
}

TEST_CASE("every optimizer reaches the bottom of a quadratic") {
  // Σ wᵢ (xᵢ − tᵢ)², with curvatures from 1 to 20
  const Array target = Generator(3).reals({20});
  Array curvature = Array::empty({20}, DType::f64);
  for (int i = 0; i < 20; ++i) curvature.mutable_data<double>()[i] = i + 1;
  for (const auto& [name, make] : optimizers(0.01)) {
    INFO(name);
    Tensor x = Tensor(Array::zeros({20}, DType::f64)).set_requires_grad();
    const auto optimizer = make({x});
    double loss = 0;
    for (int step = 0; step < 1500; ++step) {
      optimizer->zero_grad();
      const Tensor away = x - target;
      const Tensor f = sum(curvature * away * away);
      loss = f.item();
      f.backward();
      optimizer->step();
    }
    REQUIRE(loss < 1e-8);
  }
}

TEST_CASE("an optimizer step between forward and backward is detected") {
  for (const auto& [name, make] : optimizers()) {
    INFO(name);
    const Tensor first = made_up_parameter({3, 4}, 1);
    const Tensor second = made_up_parameter({2, 3}, 2);
    const auto optimizer = make({first, second});
    const auto loss = [&] { return sum(linear(linear(Generator(4).reals({5, 4}), first), second)); };
    loss().backward();
    const Tensor stale = loss();
    optimizer->step();
    std::string text;
    try {
      stale.backward();
    } catch (const GradError& error) {
      text = error.what();
    }
    REQUIRE_THAT(text,
                 ContainsSubstring("an input f64[2, 3] that was saved for backward has been overwritten: it is at "
                                   "version 1, expected 0"));
    REQUIRE_NOTHROW(loss().backward());
  }
}

TEST_CASE("a profiler times steps and zero_grad") {
  for (const auto& [name, make] : optimizers()) {
    INFO(name);
    const Tensor parameter = Tensor(Array::full({3}, 2, DType::f64)).set_requires_grad();
    const auto optimizer = make({parameter});
    const Profiler profiler;
    for (int step = 0; step < 3; ++step) {
      give_gradient(parameter, step);
      optimizer->step();
      optimizer->zero_grad();
    }
    const auto entries = profiler.entries();
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].name == "optimizer step");
    CHECK(entries[0].calls == 3);
    CHECK(entries[1].name == "zero_grad");
    CHECK(entries[1].calls == 3);
  }
}

}  // namespace test_optimizer
