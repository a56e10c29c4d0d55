// GFLOP/s of the convolutions of small CNNs, per layer and pass, by the algorithm that is chosen and, where that is
// another, by the implicit product of matrices. OMP_NUM_THREADS sets the threads.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <tapestry/kernels/conv2d.hpp>

namespace {

using namespace tapestry::kernels;

struct FreeAligned {
  void operator()(float* memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<float[], FreeAligned>;

Buffer buffer(std::int64_t size) {
  constexpr std::size_t alignment = 64;
  const std::size_t bytes = (static_cast<std::size_t>(size) * sizeof(float) / alignment + 1) * alignment;
  Buffer result(static_cast<float*>(std::aligned_alloc(alignment, bytes)));
  if (!result) throw std::bad_alloc();
  for (std::int64_t i = 0; i < size; ++i) result[static_cast<std::size_t>(i)] = static_cast<float>(i % 7 - 3) / 8;
  return result;
}

struct Layer {
  std::string name;
  std::int64_t in_channels, out_channels, size, kernel, stride, groups = 1;
};

const std::vector<Layer> layers = {
    {"small_cnn/1", 3, 32, 32, 3, 1},           {"small_cnn/2", 32, 32, 32, 3, 1},
    {"small_cnn/3", 32, 64, 16, 3, 1},          {"small_cnn/4", 64, 64, 16, 3, 1},
    {"resnet20/stem", 3, 16, 32, 3, 1},         {"resnet20/stage1", 16, 16, 32, 3, 1},
    {"resnet20/down2", 16, 32, 32, 3, 2},       {"resnet20/stage2", 32, 32, 16, 3, 1},
    {"resnet20/down3", 32, 64, 16, 3, 2},       {"resnet20/stage3", 64, 64, 8, 3, 1},
    {"resnet20/skip2", 16, 32, 32, 1, 2},       {"resnet20/skip3", 32, 64, 16, 1, 2},
    {"resnet18/64", 64, 64, 32, 3, 1},          {"resnet18/128", 128, 128, 16, 3, 1},
    {"resnet18/256", 256, 256, 8, 3, 1},        {"resnet18/512", 512, 512, 4, 3, 1},
    {"depthwise/128", 128, 128, 32, 3, 1, 128}, {"depthwise/128/down", 128, 128, 32, 3, 2, 128},
    {"depthwise/144", 144, 144, 16, 3, 1, 144}, {"depthwise/multiplied", 64, 128, 32, 3, 1, 64},
};

Conv2dGeometry geometry_of(const Layer& layer) {
  constexpr std::int64_t batch = 128;
  const std::int64_t out_size = (layer.size - 1) / layer.stride + 1;
  const std::int64_t pad = layer.kernel / 2;
  return {.batch = batch,
          .in_channels = layer.in_channels,
          .in_height = layer.size,
          .in_width = layer.size,
          .out_channels = layer.out_channels,
          .out_height = out_size,
          .out_width = out_size,
          .kernel_height = layer.kernel,
          .kernel_width = layer.kernel,
          .stride_height = layer.stride,
          .stride_width = layer.stride,
          .pad_top = pad,
          .pad_left = pad,
          .dilation_height = 1,
          .dilation_width = 1,
          .groups = layer.groups};
}

void run(benchmark::State& state, const Layer& layer, Conv2dPass pass, Conv2dAlgorithm algorithm) {
  const Conv2dGeometry g = geometry_of(layer);
  const std::int64_t outputs = g.batch * g.out_height * g.out_width * g.out_channels;
  const std::int64_t window = g.in_channels / g.groups * g.kernel_height * g.kernel_width;
  const Buffer x = buffer(g.batch * g.in_height * g.in_width * g.in_channels);
  const Buffer y = buffer(outputs);
  const Buffer weight = buffer(g.out_channels * window);
  const Buffer workspace =
      buffer(static_cast<std::int64_t>(conv2d_workspace<float>(g, pass, algorithm) / sizeof(float)));
  for (auto _ : state) {
    switch (pass) {
      case Conv2dPass::forward:
        conv2d_forward<float>(g, algorithm, x.get(), weight.get(), nullptr, y.get(), workspace.get());
        break;
      case Conv2dPass::input_gradient:
        conv2d_input_gradient<float>(g, algorithm, y.get(), weight.get(), nullptr, x.get(), workspace.get());
        break;
      case Conv2dPass::weight_gradient:
        conv2d_weight_gradient<float>(g, algorithm, x.get(), y.get(), weight.get(), workspace.get());
        break;
    }
    benchmark::ClobberMemory();
  }
  const double flops = 2 * static_cast<double>(outputs) * static_cast<double>(window);
  state.counters["FLOP/s"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

void add(const std::string& title, const Layer& layer, Conv2dPass pass, Conv2dAlgorithm algorithm) {
  benchmark::RegisterBenchmark(title.c_str(),
                               [&layer, pass, algorithm](auto& state) { run(state, layer, pass, algorithm); })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) {
  for (const Layer& layer : layers) {
    for (const auto& [pass, name] :
         {std::pair{Conv2dPass::forward, "forward"}, std::pair{Conv2dPass::input_gradient, "input_gradient"},
          std::pair{Conv2dPass::weight_gradient, "weight_gradient"}}) {
      const std::string title = layer.name + "/" + name;
      const Conv2dAlgorithm chosen = choose_algorithm<float>(geometry_of(layer), pass, ConvMath::fast);
      add(title, layer, pass, chosen);
      if (chosen != Conv2dAlgorithm::implicit_gemm) {
        add(title + "/by_implicit_gemm", layer, pass, Conv2dAlgorithm::implicit_gemm);
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
