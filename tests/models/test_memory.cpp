// System allocations of training and inference after warm-up.
#include <tapestry/autograd/mode.hpp>
#include <tapestry/core/allocator.hpp>
#include <tapestry/models/image_classifier.hpp>
#include <tapestry/models/unet.hpp>

#include "models/training_checks.hpp"

namespace test_memory {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// In the second step the optimizer's state takes memory that was free in the first, so the step may allocate more; the
/// third may select other cached blocks and allocate another one, as vgg11_bn's does after alexnet's. Later steps are
/// all alike.
void require_steady_memory(nn::Module& model, const Array& images, const Array& labels) {
  Allocator& allocator = Allocator::instance();
  allocator.trim();
  allocator.reset_peak();
  optim::Sgd optimizer(model.parameters(), {.lr = 0.01, .momentum = 0.9});
  const auto step = [&] {
    optimizer.zero_grad();
    cross_entropy(model(images), labels).backward();
    optimizer.step();
  };
  for (int i = 0; i < 3; ++i) step();
  const AllocatorStatistics before = allocator.statistics();
  for (int i = 0; i < 3; ++i) step();
  const AllocatorStatistics after = allocator.statistics();
  REQUIRE(after.allocations > before.allocations);
  REQUIRE(after.system_allocations == before.system_allocations);
  REQUIRE(after.live_bytes == before.live_bytes);
  REQUIRE(after.peak_live_bytes == before.peak_live_bytes);
}

}  // namespace

TEST_CASE("slow: training a classifier makes no system allocations from the fourth step on") {
  for (const std::string& name : models::image_classifier_names()) {
    INFO(name);
    require_steady_memory(*models::image_classifier(name), made_up_images(3), made_up_labels(3));
  }
}

TEST_CASE("training a U-Net makes no system allocations from the fourth step on") {
  models::UNet model({.base_channels = 16, .depth = 3});
  require_steady_memory(model, made_up_images(2), RandomStream{}.integers({2, 32, 32}, 2));
}

TEST_CASE("slow: inference makes no system allocations from the second pass on") {
  for (const std::string& name : models::image_classifier_names()) {
    INFO(name);
    const auto model = models::image_classifier(name);
    model->eval();
    const NoGradGuard no_grad;
    const Array images = made_up_images(32);
    Allocator& allocator = Allocator::instance();
    allocator.trim();
    allocator.reset_peak();
    (*model)(images);
    const std::int64_t before = allocator.statistics().system_allocations;
    for (int i = 0; i < 3; ++i) (*model)(images);
    REQUIRE(allocator.statistics().system_allocations == before);
  }
}

}  // namespace test_memory
