// Column sums of a matrix.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

/// sums[column] = Σ_row in[row · columns + column] in double precision, in row order. T is float or double.
template <class T>
void column_sums(std::int64_t rows, std::int64_t columns, const T* in, double* sums);

}  // namespace tapestry::kernels
