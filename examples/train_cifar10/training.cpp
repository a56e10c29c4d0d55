#include "training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/viz/progress.hpp>

using namespace tapestry;

namespace {

/// Accumulates the results of batches.
class Tally {
 public:
  void add(double loss, const std::vector<std::int64_t>& predicted, const Array& labels) {
    const auto* label = labels.data<std::int64_t>();
    for (std::size_t row = 0; row < predicted.size(); ++row) right_ += predicted[row] == label[row] ? 1 : 0;
    images_ += labels.numel();
    loss_ += loss * static_cast<double>(labels.numel());
  }

  Score score() const {
    const auto images = static_cast<double>(std::max<std::int64_t>(images_, 1));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
    return {.loss = loss_ / images,
            .accuracy = static_cast<double>(right_) / images,
            .images = images_,
            .seconds = seconds.count()};
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double loss_ = 0;
  std::int64_t right_ = 0;
  std::int64_t images_ = 0;
};

}  // namespace

std::vector<std::int64_t> predicted_classes(const Array& logits) {
  std::vector<std::int64_t> classes;
  const auto* row = logits.data<float>();
  for (std::int64_t i = 0; i < logits.size(0); ++i, row += logits.size(1)) {
    classes.push_back(std::max_element(row, row + logits.size(1)) - row);
  }
  return classes;
}

Score train_epoch(const std::string& label, nn::Module& model, optim::Optimizer& optimizer, optim::Schedule& schedule,
                  data::Loader& loader, std::int64_t max_steps) {
  model.train();
  const std::int64_t steps = std::min(max_steps, loader.batches());
  Tally tally;
  std::int64_t step = 0;
  std::optional<viz::Progress> progress;
  for (const auto& [images, labels] : loader) {
    if (!progress) progress.emplace(label, steps * labels.numel());
    optimizer.zero_grad();
    const Tensor logits = model(images);
    const Tensor loss = cross_entropy(logits, labels);
    if (!std::isfinite(loss.item())) {
      throw ValueError(fmt::format("{}: the loss of step {} is {}\nhint: try a smaller --lr (it was {:.3g})", label,
                                   step + 1, loss.item(), schedule.lr()));
    }
    loss.backward();
    optimizer.step();
    schedule.step();
    tally.add(loss.item(), predicted_classes(logits.array()), labels);
    const Score score = tally.score();
    progress->update(score.images, fmt::format("loss {:.4f}  accuracy {:.4f}", score.loss, score.accuracy));
    if (++step == steps) break;
  }
  if (progress) progress->finish();
  return tally.score();
}

Evaluation evaluate(nn::Module& model, data::Loader& loader) {
  const NoGradGuard no_grad;
  model.eval();
  Evaluation evaluation;
  Tally tally;
  for (const auto& [images, labels] : loader) {
    const Tensor logits = model(images);
    const auto predicted = predicted_classes(logits.array());
    const auto of_batch = labels.to_vector<std::int64_t>();
    tally.add(cross_entropy(logits, labels).item(), predicted, labels);
    evaluation.labels.insert(evaluation.labels.end(), of_batch.begin(), of_batch.end());
    evaluation.predicted.insert(evaluation.predicted.end(), predicted.begin(), predicted.end());
  }
  evaluation.score = tally.score();
  return evaluation;
}
