// The same losses and weights to the last bit, at any number of threads and in every run.
#include <tapestry/models/attention_cnn.hpp>
#include <tapestry/models/resnet_cifar.hpp>
#include <tapestry/models/small_cnn.hpp>
#include <tapestry/models/vision_transformer.hpp>

#include "models/training_checks.hpp"

namespace test_determinism {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

using Trained = std::pair<std::vector<double>, nn::StateDict>;

void require_same(const Trained& got, const Trained& wanted) {
  REQUIRE(got.first == wanted.first);
  REQUIRE(got.second.size() == wanted.second.size());
  for (std::size_t i = 0; i < got.second.size(); ++i) {
    INFO(got.second[i].first);
    require_equal(got.second[i].second, wanted.second[i].second);
  }
}

template <class Make>
void require_deterministic(const Make& make, int steps, std::int64_t batch) {
  const auto train_on = [&](int threads, std::uint64_t seed) {
    const ThreadCount count(threads);
    return train_made_up(make, seed, steps, batch);
  };
  const Trained single = train_on(1, 1);
  REQUIRE(single.first.front() != single.first.back());
  for (const int threads : {2, 3, 4, 8}) {
    INFO(threads << " threads");
    require_same(train_on(threads, 1), single);
  }
  INFO("another run");
  require_same(train_on(1, 1), single);
  REQUIRE(train_on(1, 2).first != single.first);
}

}  // namespace

TEST_CASE("the small network trains to the same bits at any number of threads") {
  require_deterministic([] { return models::SmallCnn(); }, 3, 9);
}

TEST_CASE("ResNet trains to the same bits at any number of threads") {
  require_deterministic([] { return models::resnet20(); }, 2, 5);
}

TEST_CASE("networks with attention train to the same bits at any number of threads") {
  require_deterministic([] { return models::AttentionCnn(); }, 2, 5);
  require_deterministic([] { return models::vit_small_images(); }, 2, 5);
}

}  // namespace test_determinism
