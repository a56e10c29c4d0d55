// A plugin that uses Tapestry and exports one function.
#include <tapestry/tapestry.hpp>

extern "C" [[gnu::visibility("default")]] double sum_of_squares(double a, double b) {
  using namespace tapestry;
  const Tensor x(Array::from<double>({2}, {a, b}));
  return sum(x * x).item();
}
