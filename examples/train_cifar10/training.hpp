// One epoch of training, and evaluation on the test images.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/data/loader.hpp>
#include <tapestry/nn/module.hpp>
#include <tapestry/optim/optimizer.hpp>
#include <tapestry/optim/schedule.hpp>

/// Mean loss and accuracy over some images.
struct Score {
  double loss = 0;
  double accuracy = 0;
  std::int64_t images = 0;
  double seconds = 0;
};

/// Trains for at most `max_steps` steps, one per batch. Throws a ValueError when a loss is not finite, before that step
/// changes the weights.
Score train_epoch(const std::string& label, tapestry::nn::Module& model, tapestry::optim::Optimizer& optimizer,
                  tapestry::optim::Schedule& schedule, tapestry::data::Loader& loader, std::int64_t max_steps);

/// The true and predicted classes of the images of a loader, and their score.
struct Evaluation {
  Score score;
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> predicted;
};

/// Evaluates all images of a loader, in evaluation mode.
Evaluation evaluate(tapestry::nn::Module& model, tapestry::data::Loader& loader);

/// The class with the highest logit, for each row of logits (N, classes).
std::vector<std::int64_t> predicted_classes(const tapestry::Array& logits);
