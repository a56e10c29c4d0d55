// conv_layers: compares convolutions of small CNNs with oneDNN and with the machine's peak performance, layer by layer.
//
// Prints one row per layer and pass. GFLOP/s are by the definition's count of operations; Winograd needs fewer, so that
// it may exceed the machine's peak. The implementations in a row run alternately; numbers are medians.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/program.hpp>
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

/// The maximum absolute difference relative to the largest element.
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

  // A wrong pixel would differ by about 1; rounding, including Winograd's, by less than 1e-4.
  constexpr double tolerance = 1e-4;
  double difference = 0;
  for (const auto& contestant : contestants) contestant->run();
  for (const auto& contestant : contestants) {
    difference = std::max(difference, relative_difference(contestants.front()->result(), contestant->result()));
  }
  if (!(difference < tolerance)) {
    throw ValueError(
        fmt::format("the results of {}, {}, differ by {:.1e} of the largest value", layer.name, pass_name, difference));
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

int parse_and_run(int argc, char** argv) {
  int threads = num_threads();
  std::string filter;
  CLI::App app(
      "Compares convolutions with oneDNN, alternately. Columns: GFLOP/s by the definition's count of operations for "
      "Tapestry, Tapestry without Winograd (if that differs), and oneDNN's faster algorithm in its own layouts; the "
      "ratio of Tapestry to oneDNN; Tapestry's fractions of the multiply-add peak and of the memory bandwidth; the "
      "maximum difference of the results relative to the largest.",
      "conv_layers");
  app.add_option("--threads", threads)->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--layer", filter, "Only layers whose names contain this");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    std::cerr << "conv_layers: " << error.what() << " (--help lists the options)\n";
    return 2;
  }
  set_num_threads(threads);
  print_table(filter);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("conv_layers", [&] { return parse_and_run(argc, argv); });
}
