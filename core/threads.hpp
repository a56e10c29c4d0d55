// The number of threads.
#pragma once

namespace tapestry {

/// The number of threads that operators called from this thread use. The default is OpenMP's (OMP_NUM_THREADS, else the
/// number of cores).
int num_threads();

/// Sets the number of threads, for OpenBLAS too. Results do not depend on it. Throws a ValueError when `count` is less
/// than 1.
void set_num_threads(int count);

}  // namespace tapestry
