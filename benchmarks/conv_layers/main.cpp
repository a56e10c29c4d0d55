// conv_layers: the convolutions of small CNNs beside oneDNN's, layer by layer, and beside what the machine can do.
//
// One row per layer and pass: GFLOP/s by the definition's count of operations, which Winograd's algorithm undercuts, so
// that it may exceed the machine's peak. All contestants of a row run in turns; figures are medians.
#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/threads.hpp>
#include <tapestry/kernels/conv/conv2d.hpp>

#include "convolutions.hpp"
#include "in_turns.hpp"
#include "layers.hpp"
#include "machine.hpp"

using namespace tapestry;
using namespace tapestry::benchmarks;
using kernels::Conv2dPass;

namespace {

constexpr std::string_view row_format = "{:<32} {:<15} {:>8} {:>8} {:>8} {:>7} {:>9} {:>7} {:>9}\n";

/// Greatest difference between elements over the greatest element.
double relative_difference(const Array& a, const Array& b) {
  const auto values = a.to_vector<float>();
  const auto others = b.to_vector<float>();
  double difference = 0;
  double greatest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(values[i]) - static_cast<double>(others[i])));
    greatest = std::max(greatest, std::abs(static_cast<double>(values[i])));
  }
  return difference / greatest;
}

struct Machine {
  double flops_per_second;
  double bytes_per_second;
};

void print_row(const Layer& layer, Conv2dPass pass, const std::string& pass_name, const Machine& machine) {
  const Conv2dPass computed = layer.pass_over_geometry(pass);
  const Operands operands = random_operands(layer.geometry);
  const auto fast = kernels::choose_algorithm<float>(layer.geometry, /*allow_winograd=*/true);
  const auto exact = kernels::choose_algorithm<float>(layer.geometry, /*allow_winograd=*/false);
  std::vector<std::unique_ptr<Convolution>> contestants = onednn_convolutions(layer.geometry, computed, operands);
  const std::size_t peers = contestants.size();
  contestants.push_back(tapestry_convolution(layer.geometry, computed, fast, operands));
  if (exact != fast) contestants.push_back(tapestry_convolution(layer.geometry, computed, exact, operands));

  // A wrong pixel would differ by about 1; rounding, Winograd's included, by less than 1e-4.
  constexpr double tolerance = 1e-4;
  double difference = 0;
  for (const auto& contestant : contestants) contestant->run();
  for (const auto& contestant : contestants) {
    difference = std::max(difference, relative_difference(contestants.front()->result(), contestant->result()));
  }
  if (!(difference < tolerance)) {
    throw ValueError(fmt::format("conv_layers: the results of {}, {}, differ by {:.1e} of the greatest value",
                                 layer.name, pass_name, difference));
  }

  std::vector<std::function<void()>> turns;
  for (const auto& contestant : contestants) turns.emplace_back([&contestant] { contestant->run(); });
  const std::vector<double> seconds = median_seconds(turns);
  const double ours = seconds[peers];
  const double theirs = *std::min_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(peers));
  const auto rate = [&](double elapsed) { return fmt::format("{:.0f}", layer.flops() / elapsed / 1e9); };
  std::cout << fmt::format(fmt::runtime(row_format), layer.name, pass_name, rate(ours),
                           exact == fast ? "" : rate(seconds.back()), rate(theirs),
                           fmt::format("{:.2f}", theirs / ours),
                           fmt::format("{:.2f}", layer.flops() / ours / machine.flops_per_second),
                           fmt::format("{:.2f}", layer.bytes() / ours / machine.bytes_per_second),
                           fmt::format("{:.0e}", difference))
            << std::flush;
}

void print_table(const std::string& filter) {
  const Machine machine{.flops_per_second = multiply_add_peak(), .bytes_per_second = memory_bandwidth()};
  std::cout << fmt::format(
      "{} threads; multiply-add peak {:.0f} GFLOP/s, memory {:.1f} GB/s; oneDNN {}; batch 128, f32\n\n", num_threads(),
      machine.flops_per_second / 1e9, machine.bytes_per_second / 1e9, onednn_version());
  std::cout << fmt::format(fmt::runtime(row_format), "layer", "pass", "ours", "exact", "oneDNN", "ratio", "of peak",
                           "of mem", "differ");
  for (const Layer& layer : layers()) {
    if (layer.name.find(filter) == std::string::npos) continue;
    print_row(layer, Conv2dPass::forward, "forward", machine);
    print_row(layer, Conv2dPass::input_gradient, "input gradient", machine);
    print_row(layer, Conv2dPass::weight_gradient, "weight gradient", machine);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int threads = num_threads();
  std::string filter;
  CLI::App app(
      "Times convolutions beside oneDNN's, in turns. GFLOP/s are by the definition's count of operations: ours, ours "
      "without Winograd (where that is another algorithm), and oneDNN's better algorithm in its own layouts; ratio is "
      "ours over oneDNN's; then ours over the machine's peak of multiply-adds and over its memory bandwidth; and by "
      "how "
      "much the results differ, relative to the greatest.",
      "conv_layers");
  app.add_option("--threads", threads)->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--layer", filter, "only layers whose names contain this");
  try {
    app.parse(argc, argv);
    set_num_threads(threads);
    print_table(filter);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
  } catch (const CLI::ParseError& error) {
    std::cerr << "conv_layers: " << error.what() << " (--help lists the options)\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
