// Work on many samples shared out over threads.
#pragma once

#include <cstdint>
#include <functional>

namespace tapestry::data {

/// Cuts [0, count) into one block per core and calls `body(begin, end)` for each on a thread of its own. When
/// calls throw, the exception of the first of their blocks is thrown once all have ended.
void for_each_block(std::int64_t count, const std::function<void(std::int64_t, std::int64_t)>& body);

}  // namespace tapestry::data
