#include "lesson/training.hpp"

#include <optional>

#include <fmt/format.h>

#include <tapestry/autograd/backward.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/data/datasets/scenes.hpp>
#include <tapestry/viz/progress.hpp>

using namespace tapestry;

std::unique_ptr<data::Dataset> open_images(const std::string& folder, data::Split split, std::int64_t size,
                                           const data::AcceptedImages& accepted) {
  if (!folder.empty()) return data::open_dataset(folder, split, accepted);
  return std::make_unique<data::Scenes>(data::ScenesOptions{.split = split, .size = size, .noise = 0});
}

void require_batches(const data::Loader& loader) {
  if (loader.batches() == 0) throw ValueError("--data: there are fewer training images than one batch");
}

void train_steps(const std::string& name, std::int64_t steps, data::Loader& loader, optim::Optimizer& optimizer,
                 optim::Schedule& schedule, const std::function<Tensor(const data::Batch&)>& loss_of) {
  require_batches(loader);
  std::int64_t step = 0, images = 0;
  std::optional<viz::Progress> progress;
  while (step < steps) {
    for (const data::Batch& batch : loader) {
      if (!progress) progress.emplace(name, steps * batch.labels.numel());
      optimizer.zero_grad();
      const Tensor loss = loss_of(batch);
      loss.backward();
      optimizer.step();
      schedule.step();
      progress->update(images += batch.labels.numel(), fmt::format("loss {:.5f}", loss.item()));
      if (++step == steps) break;
    }
  }
  progress->finish();
}
