// The number of threads.
#pragma once

namespace tapestry {

/// The number of threads that operators called from this thread use. The default is OMP_NUM_THREADS if it is set, else
/// the number of cores that this process may use (its affinity mask, and the CPU quotas of its cgroups), but at
/// most 64.
int num_threads();

/// Sets the number of threads for operators called from this thread; other threads keep theirs. Results do not depend
/// on it. An operator that is called while another thread runs one may use only the calling thread. Throws a
/// ValueError when `count` is less than 1.
void set_num_threads(int count);

}  // namespace tapestry
