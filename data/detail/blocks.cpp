#include <algorithm>
#include <exception>
#include <thread>
#include <vector>

#include <tapestry/data/detail/blocks.hpp>

namespace tapestry::data {

void for_each_block(std::int64_t count, const std::function<void(std::int64_t, std::int64_t)>& body) {
  const std::int64_t blocks =
      std::clamp<std::int64_t>(std::thread::hardware_concurrency(), 1, std::max<std::int64_t>(count, 1));
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(blocks));
  const auto run = [&](std::int64_t block) {
    try {
      body(count * block / blocks, count * (block + 1) / blocks);
    } catch (...) {
      errors[static_cast<std::size_t>(block)] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::int64_t block = 1; block < blocks; ++block) threads.emplace_back(run, block);
    run(0);
  }
  const auto first = std::find_if(errors.begin(), errors.end(), [](const auto& error) { return error != nullptr; });
  if (first != errors.end()) std::rethrow_exception(*first);
}

}  // namespace tapestry::data
