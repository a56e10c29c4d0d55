// How many threads Tapestry computes with.
#pragma once

namespace tapestry {

/// The number of threads that operators use on the calling thread's behalf; at first what OpenMP offers
/// (OMP_NUM_THREADS, else the number of cores).
int num_threads();

/// Sets it, for OpenBLAS too. Results do not depend on it. Throws a ValueError when `count` is less than 1.
void set_num_threads(int count);

}  // namespace tapestry
