// What the lessons that make images share: what they learn from, and the steps of a training.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <tapestry/data/loader.hpp>
#include <tapestry/optim/adamw.hpp>
#include <tapestry/optim/schedule.hpp>

/// The images in a folder (`data::open_dataset`) or, without one, `size` clean `data::Scenes`.
std::unique_ptr<tapestry::data::Dataset> open_images(const std::string& folder, tapestry::data::Split split,
                                                     std::int64_t size);

/// So many steps through a loader of full batches, with progress: `loss_of` gives the loss of a batch.
void train_steps(const std::string& name, std::int64_t steps, tapestry::data::Loader& loader,
                 tapestry::optim::Optimizer& optimizer, tapestry::optim::Schedule& schedule,
                 const std::function<tapestry::Tensor(const tapestry::data::Batch&)>& loss_of);
