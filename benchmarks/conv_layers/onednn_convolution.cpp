#include <cstdint>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "convolutions.hpp"

namespace tapestry::benchmarks {
namespace {

using kernels::Conv2dGeometry;
using kernels::Conv2dPass;
using Tag = dnnl::memory::format_tag;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

Array room_for(const dnnl::memory::desc& layout) {
  return Array::empty({static_cast<std::int64_t>(layout.get_size())}, DType::u8);
}

/// An array's memory, so that both libraries use the same allocator.
dnnl::memory memory_in(const dnnl::memory::desc& layout, const Array& array) {
  Array memory = array;
  void* const begin = array.dtype() == DType::u8 ? static_cast<void*>(memory.mutable_data<std::uint8_t>())
                                                 : memory.mutable_data<float>();
  return {layout, engine(), begin};
}

/// The sizes of x, weight and dy, with the given layouts.
struct Layouts {
  Layouts(const Conv2dGeometry& g, Tag images, Tag weights, Tag grouped_weights)
      : x(f32({g.batch, g.in_channels, g.in_height, g.in_width}, images)),
        weight(g.groups == 1 ? f32({g.out_channels, g.in_channels, g.kernel_height, g.kernel_width}, weights)
                             : f32({g.groups, g.out_channels / g.groups, g.in_channels / g.groups, g.kernel_height,
                                    g.kernel_width},
                                   grouped_weights)),
        dy(f32({g.batch, g.out_channels, g.out_height, g.out_width}, images)) {}

  static dnnl::memory::desc f32(const dnnl::memory::dims& sizes, Tag tag) {
    return {sizes, dnnl::memory::data_type::f32, tag};
  }

  dnnl::memory::desc x, weight, dy;
};

std::int64_t padding_at_end(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                            std::int64_t dilation, std::int64_t begin) {
  return (out - 1) * stride + (kernel - 1) * dilation + 1 - in - begin;
}

/// The window arguments of oneDNN: strides, dilations (0 for none), padding before and after.
auto windows_of(const Conv2dGeometry& g) {
  using dnnl::memory;
  return std::make_tuple(
      memory::dims{g.stride_height, g.stride_width}, memory::dims{g.dilation_height - 1, g.dilation_width - 1},
      memory::dims{g.pad_top, g.pad_left},
      memory::dims{
          padding_at_end(g.in_height, g.out_height, g.kernel_height, g.stride_height, g.dilation_height, g.pad_top),
          padding_at_end(g.in_width, g.out_width, g.kernel_width, g.stride_width, g.dilation_width, g.pad_left)});
}

/// Versions 2 and 3 of oneDNN describe primitives differently.
template <class Primitive, class Arguments, class... Hint>
typename Primitive::primitive_desc describe(const Arguments& arguments, const Hint&... hint) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return std::apply(
      [&](const auto&... all) {
#if DNNL_VERSION_MAJOR >= 3
        return typename Primitive::primitive_desc(engine(), all..., hint..., attributes);
#else
        return typename Primitive::primitive_desc(typename Primitive::desc(all...), attributes, engine(), hint...);
#endif
      },
      arguments);
}

class OneDnnConvolution final : public Convolution {
 public:
  /// Throws a dnnl::error when the algorithm does not support this convolution.
  OneDnnConvolution(const Conv2dGeometry& geometry, Conv2dPass pass, dnnl::algorithm algorithm,
                    const Operands& operands) {
    const Layouts ours(geometry, Tag::nhwc, Tag::oihw, Tag::goihw);
    const Layouts open(geometry, Tag::any, Tag::any, Tag::any);
    const auto windows = windows_of(geometry);
    const auto forward = describe<dnnl::convolution_forward>(std::tuple_cat(
        std::make_tuple(dnnl::prop_kind::forward_training, algorithm, open.x, open.weight, open.dy), windows));
    switch (pass) {
      case Conv2dPass::forward: {
        read(DNNL_ARG_SRC, ours.x, forward.src_desc(), operands.x);
        read(DNNL_ARG_WEIGHTS, ours.weight, forward.weights_desc(), operands.weight);
        write(DNNL_ARG_DST, ours.dy, forward.dst_desc(), operands.dy);
        make<dnnl::convolution_forward>(forward);
        break;
      }
      case Conv2dPass::input_gradient: {
        const auto backward = describe<dnnl::convolution_backward_data>(
            std::tuple_cat(std::make_tuple(algorithm, open.x, open.weight, open.dy), windows), forward);
        read(DNNL_ARG_DIFF_DST, ours.dy, backward.diff_dst_desc(), operands.dy);
        read(DNNL_ARG_WEIGHTS, ours.weight, backward.weights_desc(), operands.weight);
        write(DNNL_ARG_DIFF_SRC, ours.x, backward.diff_src_desc(), operands.x);
        make<dnnl::convolution_backward_data>(backward);
        break;
      }
      case Conv2dPass::weight_gradient: {
        const auto backward = describe<dnnl::convolution_backward_weights>(
            std::tuple_cat(std::make_tuple(algorithm, open.x, open.weight, open.dy), windows), forward);
        read(DNNL_ARG_SRC, ours.x, backward.src_desc(), operands.x);
        read(DNNL_ARG_DIFF_DST, ours.dy, backward.diff_dst_desc(), operands.dy);
        write(DNNL_ARG_DIFF_WEIGHTS, ours.weight, backward.diff_weights_desc(), operands.weight);
        make<dnnl::convolution_backward_weights>(backward);
        break;
      }
    }
  }

  void run() override {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
  }

  Array result() const override {
    Array copy = Array::empty_like(like_result_);
    reorder(result_, memory_in(result_layout_, copy));
    return copy;
  }

 private:
  void reorder(dnnl::memory from, dnnl::memory to) const {
    dnnl::stream stream(engine());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
  }

  dnnl::memory keep(const dnnl::memory::desc& layout) {
    return memory_in(layout, kept_.emplace_back(room_for(layout)));
  }

  void read(int argument, const dnnl::memory::desc& layout, const dnnl::memory::desc& chosen, const Array& array) {
    const dnnl::memory memory = keep(chosen);
    reorder(memory_in(layout, array), memory);
    arguments_.emplace(argument, memory);
  }

  void write(int argument, const dnnl::memory::desc& layout, const dnnl::memory::desc& chosen, const Array& like) {
    like_result_ = like;
    result_layout_ = layout;
    result_ = keep(chosen);
    arguments_.emplace(argument, result_);
  }

  template <class Primitive>
  void make(const typename Primitive::primitive_desc& description) {
    arguments_.emplace(DNNL_ARG_SCRATCHPAD, keep(description.scratchpad_desc()));
    primitive_ = Primitive(description);
  }

  dnnl::stream stream_{engine()};
  dnnl::primitive primitive_;
  std::unordered_map<int, dnnl::memory> arguments_;
  std::vector<Array> kept_;
  Array like_result_;
  dnnl::memory::desc result_layout_;
  dnnl::memory result_;
};

}  // namespace

std::vector<std::unique_ptr<Convolution>> onednn_convolutions(const Conv2dGeometry& geometry, Conv2dPass pass,
                                                              const Operands& operands) {
  std::vector<std::unique_ptr<Convolution>> all;
  all.push_back(std::make_unique<OneDnnConvolution>(geometry, pass, dnnl::algorithm::convolution_auto, operands));
  try {
    all.push_back(std::make_unique<OneDnnConvolution>(geometry, pass, dnnl::algorithm::convolution_winograd, operands));
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented) throw;
  }
  return all;
}

std::string onednn_version() {
  const dnnl_version_t* const version = dnnl_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
}

}  // namespace tapestry::benchmarks
