// matrix_products: compares the three products of linear layers in `kernels::matrix_product` with OpenBLAS.
#include <cstdint>
#include <iostream>
#include <vector>

#include <fmt/format.h>

#include <tapestry/core/array.hpp>
#include <tapestry/core/program.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/core/threads.hpp>
#include <tapestry/kernels/linalg/blas.hpp>
#include <tapestry/kernels/linalg/matrix_product.hpp>

#include "in_turns.hpp"

using namespace tapestry;

namespace {

constexpr std::string_view row_format = "{:<22} {:<16} {:>8} {:>9} {:>6}\n";

struct Layer {
  std::int64_t rows, in, out;
};

/// op(a) · op(b), m × k times k × n.
struct Product {
  std::string_view name;
  bool transpose_a, transpose_b;
  std::int64_t m, n, k;
};

void print_row(const Layer& layer, const Product& p) {
  RandomStream random{.seed = 1};
  const Array a = random.normal({p.m, p.k}, 0, 1, DType::f32), b = random.normal({p.k, p.n}, 0, 1, DType::f32);
  Array ours = Array::empty({p.m, p.n}), theirs = Array::empty({p.m, p.n});
  const auto bytes = kernels::matrix_product_workspace<float>(p.transpose_a, p.transpose_b, p.m, p.n, p.k);
  Array workspace = Array::empty({static_cast<std::int64_t>(bytes)}, DType::u8);
  const std::vector<double> seconds = benchmarks::median_seconds(
      {[&] {
         kernels::matrix_product(p.transpose_a, p.transpose_b, p.m, p.n, p.k, a.data<float>(), b.data<float>(),
                                 ours.mutable_data<float>(), workspace.mutable_data<std::uint8_t>());
       },
       [&] {
         kernels::gemm(p.transpose_a, p.transpose_b, p.m, p.n, p.k, a.data<float>(), b.data<float>(),
                       theirs.mutable_data<float>());
       }});
  const double flops = 2 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
  std::cout << fmt::format(fmt::runtime(row_format), fmt::format("{} × {} → {}", layer.rows, layer.in, layer.out),
                           p.name, fmt::format("{:.0f}", flops / seconds[0] / 1e9),
                           fmt::format("{:.0f}", flops / seconds[1] / 1e9),
                           fmt::format("{:.2f}", seconds[1] / seconds[0]))
            << std::flush;
}

}  // namespace

int main() {
  return run_program("matrix_products", [] {
    std::cout << num_threads() << " threads; GFLOP/s, f32, measured alternately\n\n";
    std::cout << fmt::format(fmt::runtime(row_format), "rows × in → out", "product", "ours", "OpenBLAS", "ratio");
    for (const Layer& layer : {Layer{32, 4096, 256}, Layer{64, 512, 512}, Layer{128, 4096, 256}, Layer{128, 2048, 1000},
                               Layer{1000, 1000, 1000}, Layer{8320, 192, 768}, Layer{8320, 768, 192}}) {
      const auto& [rows, in, out] = layer;
      print_row(layer, {"forward", false, true, rows, out, in});
      print_row(layer, {"input gradient", false, false, rows, in, out});
      print_row(layer, {"weight gradient", true, false, out, in, rows});
    }
    return 0;
  });
}
