#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/core/profile_span.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/core/text_table.hpp>
#include <tapestry/nn/inspect/evaluation_scope.hpp>
#include <tapestry/nn/inspect/summary.hpp>

namespace tapestry::nn {
namespace {

/// The recorded calls of a module.
struct Seen {
  std::string path;  ///< its layer in the profiler
  std::vector<Shape> input_shapes;
  Shape output_shape;             ///< of the first output
  std::int64_t bytes_before = 0;  ///< bytes of all activations before its last call
  std::int64_t activation_bytes = 0;
};

/// Records the calls of the modules of a model for its lifetime.
class Watch {
 public:
  explicit Watch(ModuleBase& model) {
    for (const auto& [name, module] : model.named_modules()) add(*module);
  }
  ~Watch() {
    for (const auto& [module, hook] : hooks_) module->remove_hook(hook);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Null for a module that was not called.
  const Seen* find(const ModuleBase& module) const {
    const auto found = seen_.find(&module);
    return found == seen_.end() ? nullptr : &found->second;
  }

 private:
  void add(ModuleBase& module) {
    hooks_.emplace_back(&module,
                        module.add_forward_pre_hook([this](const ModuleBase& called, std::vector<Tensor>& inputs) {
                          const auto path = tapestry::detail::current_layer();
                          Seen& seen = seen_[&called];
                          seen.path = path ? *path : "";
                          seen.input_shapes.clear();
                          for (const Tensor& input : inputs) seen.input_shapes.push_back(input.shape());
                          seen.bytes_before = activation_bytes_;
                        }));
    hooks_.emplace_back(&module, module.add_forward_hook([this](const ModuleBase& called, const std::vector<Tensor>&,
                                                                std::vector<Tensor>& outputs) {
      for (const Tensor& output : outputs) count(output.array());
      Seen& seen = seen_[&called];
      seen.output_shape = outputs.front().shape();
      seen.activation_bytes += activation_bytes_ - seen.bytes_before;
    }));
  }

  void count(const Array& output) {
    const bool is_known = std::any_of(outputs_.begin(), outputs_.end(),
                                      [&](const Array& known) { return known.shares_memory_with(output); });
    if (is_known) return;
    outputs_.push_back(output);
    activation_bytes_ += output.bytes();
  }

  std::vector<std::pair<ModuleBase*, HookId>> hooks_;
  std::map<const ModuleBase*, Seen> seen_;
  std::vector<Array> outputs_;  ///< kept so that their memory is not reused
  std::int64_t activation_bytes_ = 0;
};

std::int64_t flops_within(const std::vector<ProfileEntry>& entries, const std::string& path) {
  std::int64_t flops = 0;
  for (const ProfileEntry& entry : entries) {
    const bool is_within = path.empty() || entry.layer == path || entry.layer.starts_with(path + ".");
    if (is_within) flops += entry.flops;
  }
  return flops;
}

std::string joined(const std::string& outer, const std::string& inner) {
  return outer.empty() ? inner : outer + "." + inner;
}

class Rows {
 public:
  Rows(const Watch& watch, std::vector<ProfileEntry> entries) : watch_(watch), entries_(std::move(entries)) {}

  /// Adds the rows of a module and its submodules.
  void add(const ModuleBase& module, const std::string& name, std::string path) {
    SummaryRow row = {.name = name, .type = module.class_name(), .output_shape = std::nullopt};
    for (const Tensor& parameter : module.parameters()) {
      row.parameters += parameter.numel();
      row.trainable_parameters += parameter.requires_grad() ? parameter.numel() : 0;
      row.parameter_bytes += parameter.array().bytes();
    }
    if (const Seen* seen = watch_.find(module)) {
      path = seen->path;
      row.output_shape = seen->output_shape;
      row.activation_bytes = seen->activation_bytes;
    }
    row.flops = flops_within(entries_, path);
    rows_.push_back(std::move(row));
    for (const auto& [child_name, child] : module.children()) {
      add(*child, joined(name, child_name), joined(path, child_name));
    }
  }

  std::vector<SummaryRow> take() { return std::move(rows_); }

 private:
  const Watch& watch_;
  std::vector<ProfileEntry> entries_;
  std::vector<SummaryRow> rows_;
};

/// "11,689,512"
std::string grouped(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (std::int64_t at = std::ssize(digits) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

/// "1.814 G"
std::string scaled(std::int64_t count) {
  auto value = static_cast<double>(count);
  if (value < 1e3) return std::to_string(count);
  const char* unit = "kMGT";
  for (value /= 1e3; value >= 999.9995 && unit[1] != '\0'; value /= 1e3) ++unit;
  return fmt::format("{:.3f} {}", value, *unit);
}

/// "3.06 MiB"
std::string memory(std::int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  const char* unit = "KMGT";
  for (value /= 1024; value >= 1023.995 && unit[1] != '\0'; value /= 1024) ++unit;
  return fmt::format("{:.2f} {}iB", value, *unit);
}

/// The last part of a path, indented by two spaces per level.
std::string indented(const std::string& name) {
  if (name.empty()) return "(model)";
  const auto depth = static_cast<std::size_t>(std::count(name.begin(), name.end(), '.')) + 1;
  return std::string(2 * depth, ' ') + name.substr(name.rfind('.') + 1);
}

std::string trainable(const SummaryRow& row) {
  return row.trainable_parameters == row.parameters ? "all" : grouped(row.trainable_parameters);
}

}  // namespace

Summary summary(ModuleBase& model, const std::function<void()>& call) {
  const EvaluationScope evaluation(model);
  const NoGradGuard no_grad;
  const Watch watch(model);
  const Profiler profiler;
  call();
  Rows rows(watch, profiler.entries());
  rows.add(model, "", "");
  const Seen* seen = watch.find(model);
  return {.input_shapes = seen != nullptr ? seen->input_shapes : std::vector<Shape>(), .rows = rows.take()};
}

Summary summary(Module& model, const Shape& input_shape) {
  const std::vector<Tensor> parameters = model.parameters();
  const DType dtype = parameters.empty() ? DType::f32 : parameters.front().dtype();
  return summary(model, [&] { model(Array::zeros(input_shape, dtype)); });
}

std::string to_string(const Summary& summary) {
  std::vector<std::vector<std::string>> rows = {{"layer", "type", "output", "parameters", "FLOPs", "activations"}};
  for (const SummaryRow& row : summary.rows) {
    rows.push_back({indented(row.name), row.type, row.output_shape ? tapestry::to_string(*row.output_shape) : "",
                    row.parameters == 0 ? "" : grouped(row.parameters), row.flops == 0 ? "" : scaled(row.flops),
                    row.output_shape ? memory(row.activation_bytes) : ""});
  }
  const SummaryRow& total = summary.total();
  std::vector<std::string> inputs;
  for (const Shape& shape : summary.input_shapes) inputs.push_back(tapestry::to_string(shape));
  return tapestry::detail::text_table(rows, 3) +
         fmt::format("\nparameters   {} ({} trainable), {}\n", grouped(total.parameters), trainable(total),
                     memory(total.parameter_bytes)) +
         fmt::format("FLOPs        {} ({} multiply-adds) for an input {}\n", scaled(total.flops),
                     scaled(total.flops / 2), fmt::join(inputs, " and ")) +
         fmt::format("activations  {}\n", memory(total.activation_bytes));
}

}  // namespace tapestry::nn
