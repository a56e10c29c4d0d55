#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry::detail {

void throw_released(std::string_view name) {
  throw GradError(
      fmt::format("{}: the values saved for backward have been freed by an earlier backward pass\n"
                  "hint: pass retain_graph = true to all passes but the last",
                  name));
}

void check_anomaly(std::string_view name, const Array& value) {
  if (!is_floating(value.dtype())) return;
  visit_floating(name, value.dtype(), [&]<class T>() {
    const T* first = value.data<T>();
    const T* bad = std::find_if_not(first, first + value.numel(), [](T x) { return std::isfinite(x); });
    if (bad == first + value.numel()) return;
    const auto& node = current_node();
    throw GradError(fmt::format("{}{}: its result {} holds {} at element {} in memory", node ? "backward of " : "",
                                node ? node->name() : name, to_string(value), std::isnan(*bad) ? "NaN" : "infinity",
                                bad - first));
  });
}

void complete(ProfileSpan& span, InputPointers inputs, const Tensor& value, std::int64_t flops) {
  for (const Tensor* input : inputs) {
    if (input->defined()) span.add_input(input->dtype(), input->shape());
  }
  span.add_output(value.dtype(), value.shape());
  span.complete(flops);
}

std::vector<std::shared_ptr<Node>> nodes_to_record(InputPointers inputs) {
  std::vector<std::shared_ptr<Node>> nodes;
  if (!grad_enabled() || std::ranges::none_of(inputs, &Tensor::requires_grad)) return nodes;
  nodes.reserve(inputs.size());
  for (const Tensor* input : inputs) nodes.push_back(input->node());
  return nodes;
}

}  // namespace tapestry::detail
