// Shared by the lessons whose networks output images: training data and the training loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <tapestry/data/datasets/open_dataset.hpp>
#include <tapestry/data/loader.hpp>
#include <tapestry/optim/adamw.hpp>
#include <tapestry/optim/schedule.hpp>

/// The images in `folder` (`data::open_dataset`), or `size` noise-free `data::Scenes` if `folder` is empty.
std::unique_ptr<tapestry::data::Dataset> open_images(const std::string& folder, tapestry::data::Split split,
                                                     std::int64_t size,
                                                     const tapestry::data::AcceptedImages& accepted = {});

/// Throws a ValueError when a loader has no batch, because a loop over steps would never end.
void require_batches(const tapestry::data::Loader& loader);

/// Runs `steps` training steps on full batches and shows the progress; `loss_of` computes the loss of a batch.
void train_steps(const std::string& name, std::int64_t steps, tapestry::data::Loader& loader,
                 tapestry::optim::Optimizer& optimizer, tapestry::optim::Schedule& schedule,
                 const std::function<tapestry::Tensor(const tapestry::data::Batch&)>& loss_of);
