#include <utility>

#include <tapestry/autograd/detail/lazy_elementwise.hpp>

namespace tapestry::detail {
namespace {

enum Order { affine, addend, activation };

Order order_of(const ArrayEpilogue& part) {
  return part.numbers ? affine : part.addend.defined() ? addend : activation;
}

// Recomputing takes the same time for any number of channels, whereas convolutions take longer with more. With few
// channels it therefore pays only for large results.
bool is_better_recomputed(const LazyValue& value) {
  constexpr std::int64_t few_channels = 128;
  constexpr std::int64_t large_bytes = std::int64_t{8} << 20;
  return value.shape()[1] >= few_channels || value.shape().numel() * item_size(value.dtype()) > large_bytes;
}

/// True if the part can precede the parts in the epilogue.
bool has_room(const ArrayEpilogue& part, const ArrayEpilogue& epilogue) {
  if (epilogue.is_none()) return true;
  if (part.activation.kind != kernels::ActivationKind::none || epilogue.numbers) return false;
  return part.numbers != nullptr || !epilogue.addend.defined();
}

/// Adds the part to the epilogue.
void prepend(ArrayEpilogue part, ArrayEpilogue& epilogue) {
  if (part.numbers) epilogue.numbers = std::move(part.numbers);
  if (part.addend.defined()) epilogue.addend = std::move(part.addend);
  if (part.activation.kind != kernels::ActivationKind::none) epilogue.activation = part.activation;
}

}  // namespace

std::shared_ptr<LazyValue> pending(const Tensor& value) {
  auto lazy = value.lazy_value();
  return lazy && !lazy->is_computed() ? lazy : nullptr;
}

LazyElementwise::LazyElementwise(std::string_view name, const Tensor& input, ArrayEpilogue part, bool is_kept)
    : LazyValue(name, input.shape(), input.dtype(), input.format()),
      order_(order_of(part)),
      input_(input.detach()),
      part_(std::move(part)),
      numbers_(part_.numbers) {
  const auto before = input.lazy_value();
  const auto elementwise = std::dynamic_pointer_cast<LazyElementwise>(before);
  if (before && !before->is_computed()) {
    const bool takes_part = !elementwise || elementwise->order_ < order_;
    // A value that is folded into two consumers would be computed twice.
    if (before->add_fold() > 1 || !takes_part) input_ = Tensor(input.array());
  }
  if (elementwise && elementwise->order_ == affine && order_ == activation) {
    numbers_ = elementwise->numbers_;
    if (elementwise->is_recomputed()) set_recomputed();
  }
  if (is_kept && is_better_recomputed(*this)) set_recomputed();
  reads(input_);
  if (part_.addend.defined()) reads(part_.addend);
}

bool LazyElementwise::is_costly() const {
  const std::lock_guard lock(mutex());
  if (held().defined() || !input_.defined()) return false;
  const auto before = input_.lazy_value();
  return before && before->is_costly();
}

std::optional<LazyElementwise::Source> LazyElementwise::uncomputed() {
  const std::lock_guard lock(mutex());
  if (held().defined()) return std::nullopt;
  return Source{input_, part_};
}

std::optional<LazyElementwise::Chain> LazyElementwise::chain_of(const Tensor& value) {
  Source source = {value, {}};
  while (const auto before = pending(source.input)) {
    const auto elementwise = std::dynamic_pointer_cast<LazyElementwise>(before);
    auto inner = elementwise ? elementwise->uncomputed() : std::nullopt;
    if (!inner || inner->epilogue.addend.defined() || !has_room(inner->epilogue, source.epilogue)) return std::nullopt;
    prepend(std::move(inner->epilogue), source.epilogue);
    source.input = std::move(inner->input);
  }
  if (source.epilogue.is_none()) return std::nullopt;
  return Chain{source.input.array(), std::move(source.epilogue)};
}

Array LazyElementwise::compute() {
  Source source = {input_, part_};
  if (is_recomputed()) return evaluate(source);
  // If this value holds the last handles, the result may overwrite their memory.
  input_ = Tensor();
  part_ = {};
  try {
    return evaluate(source);
  } catch (...) {
    input_ = source.input;
    part_ = source.epilogue;
    throw;
  }
}

Array LazyElementwise::evaluate(Source& source) const {
  while (const auto before = pending(source.input)) {
    if (const auto product = std::dynamic_pointer_cast<LazyProduct>(before)) {
      if (auto y = product->array_after(source.epilogue)) return *std::move(y);
      break;
    }
    const auto elementwise = std::dynamic_pointer_cast<LazyElementwise>(before);
    auto inner = elementwise ? elementwise->uncomputed() : std::nullopt;
    if (!inner || !has_room(inner->epilogue, source.epilogue)) break;
    prepend(std::move(inner->epilogue), source.epilogue);
    source.input = std::move(inner->input);
  }
  const Array x = source.input.array();
  source.input = Tensor();
  try {
    return apply(source.epilogue, x);
  } catch (...) {
    source.input = Tensor(x);
    throw;
  }
}

void LazyElementwise::release() {
  input_ = Tensor();
  part_ = {};
}

Tensor lazy_affine(std::string_view name, const Tensor& x, std::shared_ptr<const ChannelNumbers> numbers,
                   bool is_kept) {
  return Tensor(make_lazy<LazyElementwise>(name, x, ArrayEpilogue{.numbers = std::move(numbers)}, is_kept));
}

Tensor lazy_activation(std::string_view name, const Tensor& x, const kernels::Activation& activation) {
  return Tensor(make_lazy<LazyElementwise>(name, x, ArrayEpilogue{.activation = activation}));
}

Tensor lazy_add(std::string_view name, const Tensor& a, const Tensor& b) {
  using MemoryFormat::channels_last;
  const auto format = b.format() == channels_last ? channels_last : a.format();
  const auto in_format = [&](const Tensor& x) {
    return x.format() == format ? x.detach() : Tensor(x.array().contiguous(format));
  };
  // The value that is computed last adds the other one as it stores: of two products, the one that touches fewer
  // elements.
  const auto fits = [](const Tensor& x) {
    const auto elementwise = pending_as<LazyElementwise>(x);
    return pending(x) && (!elementwise || elementwise->takes_addend());
  };
  const auto touched = [](const Tensor& x) {
    const auto product = pending_as<LazyProduct>(x);
    return product ? product->touched() : x.numel();
  };
  const bool is_b_last = fits(b) && (!fits(a) || touched(b) < touched(a));
  const Tensor first = in_format(is_b_last ? a : b), last = in_format(is_b_last ? b : a);
  return Tensor(make_lazy<LazyElementwise>(name, last, ArrayEpilogue{.addend = first.array()}));
}

}  // namespace tapestry::detail
