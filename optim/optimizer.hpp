// The base class of optimizers: parameter groups, learning rates, zero_grad.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/core/required.hpp>

namespace tapestry::optim {

/// Updates parameters by their gradients. Parameters come in groups with their own options. They keep the shape and
/// dtype that they had when the optimizer was made, and no two of them overlap in memory.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Updates every parameter that has a gradient; the others and their state stay unchanged. Throws, before anything is
  /// changed, a ShapeError or DTypeError for a parameter whose shape or dtype is not that of its gradient or has
  /// changed since the optimizer was made, and a ValueError for parameters that overlap in memory.
  virtual void step() = 0;
  /// Clears all gradients.
  void zero_grad();

  virtual std::size_t group_count() const = 0;
  virtual double lr(std::size_t group = 0) const = 0;
  /// Throws a ValueError for a negative or non-finite rate.
  virtual void set_lr(std::size_t group, double lr) = 0;
  const std::vector<Tensor>& parameters() const { return parameters_; }

 protected:
  Optimizer() = default;
  /// Adds parameters. Throws a ValueError for an empty list, for a parameter that is listed twice, and for one that is
  /// not a floating leaf.
  void add_parameters(std::string_view optimizer, const std::vector<Tensor>& parameters);
  /// Throws as `step` does.
  void check_parameters(std::string_view optimizer) const;

 private:
  std::vector<Tensor> parameters_;
  std::vector<std::pair<Shape, DType>> types_;  ///< of the parameters when they were added
};

/// Parameters that share options.
template <class Options>
struct ParameterGroup {
  std::vector<Tensor> parameters;
  Options options;
};

/// Updates the elements [begin, end) of a parameter in place. Ranges that do not overlap may run concurrently.
using RangeUpdate = std::function<void(std::int64_t begin, std::int64_t end)>;

namespace detail {

/// The update of a parameter of `size` elements.
struct ParameterUpdate {
  std::int64_t size;
  RangeUpdate run;
};

/// Runs the updates as one parallel loop over the elements of all parameters, because there may be many small ones.
void run_updates(const std::vector<ParameterUpdate>& updates);

/// Throws a ValueError unless the option is in [least, below).
void check_option(std::string_view optimizer, std::string_view option, double value, double least, double below);
/// Throws a ValueError unless the option is finite and not negative.
void check_option(std::string_view optimizer, std::string_view option, double value);

}  // namespace detail

/// An optimizer with `Options` per group and a `State` per parameter. `Options` has `lr` and `check(optimizer name)`.
template <class Options, class State>
class GroupedOptimizer : public Optimizer {
 public:
  std::size_t group_count() const override { return groups_.size(); }
  double lr(std::size_t group = 0) const override { return groups_.at(group).options.lr; }
  void set_lr(std::size_t group, double lr) override {
    Options changed = groups_.at(group).options;
    changed.lr = lr;
    changed.check(name_);
    groups_[group].options = changed;
  }

  void step() override {
    const ProfileScope scope("optimizer step");
    check_parameters(name_);
    std::vector<detail::ParameterUpdate> updates;
    std::size_t next = 0;
    for (auto& group : groups_) {
      for (const Tensor& parameter : group.parameters) {
        State& state = states_[next++];
        if (!parameter.grad().defined()) continue;
        updates.push_back(
            {parameter.numel(), update(parameter.array(), parameter.grad().array(), group.options, state)});
      }
    }
    detail::run_updates(updates);
  }

 protected:
  GroupedOptimizer(std::string_view name, std::vector<ParameterGroup<Options>> groups)
      : name_(name), groups_(std::move(groups)) {
    for (const auto& group : groups_) {
      group.options.check(name_);
      add_parameters(name_, group.parameters);
    }
    if (groups_.empty()) add_parameters(name_, {});
    check_parameters(name_);
    states_.resize(parameters().size());
  }

  /// Advances the state of one parameter by a step and returns the parameter's update. `state` stays valid until the
  /// update has run.
  virtual RangeUpdate update(Array parameter, const Array& gradient, const Options& options, State& state) = 0;

 private:
  std::string_view name_;
  std::vector<ParameterGroup<Options>> groups_;
  std::vector<State> states_;
};

}  // namespace tapestry::optim
