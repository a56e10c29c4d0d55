// 10: semantic segmentation assigns a class to every pixel. A U-Net reduces the image to small maps, which show what a
// pixel belongs to, and enlarges them again with skip connections, which show where it ends. DeepLab's dilated head has
// a large receptive field at a quarter of the resolution and interpolates its output. Prints the mean IoU on held-out
// scenes: 0.967 and 0.857.
#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/datasets/scenes.hpp>
#include <tapestry/data/metrics.hpp>
#include <tapestry/models/deeplab.hpp>
#include <tapestry/models/unet.hpp>
#include <tapestry/viz/mask_picture.hpp>

#include "lesson/lesson.hpp"
#include "lesson/training.hpp"

using namespace tapestry;

namespace {

constexpr std::int64_t batch_size = 8;
const std::int64_t classes = std::ssize(data::scene_classes());

/// Most pixels are background, which is easy to recognize; a weight of a fifth keeps it from dominating the loss.
Array class_weights() {
  Array weights = Array::full({classes}, 1);
  weights.mutable_data<float>()[0] = 0.2F;
  return weights;
}

void train(const std::string& name, nn::Module& model, const data::Scenes& scenes, std::int64_t steps) {
  model.train();
  optim::AdamW optimizer(model.parameters());
  optim::Schedule schedule(optimizer, optim::OneCycleOptions{.max_lr = 6e-3, .total_steps = steps, .warmup = 0.15});
  data::Loader loader(scenes, {.batch_size = batch_size, .shuffle = true, .drop_last = true});
  const Array weights = class_weights();
  train_steps(name, steps, loader, optimizer, schedule, [&](const data::Batch& batch) {
    const Array masks = index_select(scenes.masks(), 0, batch.labels).array();
    return cross_entropy(model(batch.images), masks, {.weight = weights});
  });
}

/// The predicted class of every pixel, i64 (N, H, W).
Array predict(nn::Module& model, const data::Scenes& scenes) {
  const NoGradGuard no_grad;
  model.eval();
  std::vector<Tensor> masks;
  data::Loader loader(scenes, {.batch_size = batch_size});
  for (const auto& [images, numbers] : loader) masks.emplace_back(argmax(model(images), 1));
  return cat(masks).array();
}

constexpr std::int64_t columns = 8;

std::vector<Array> mask_pictures(const Array& masks) {
  std::vector<Array> pictures;
  for (std::int64_t i = 0; i < columns; ++i) {
    pictures.push_back(viz::mask_picture(masks.slice(i, i + 1).reshape({masks.size(1), masks.size(2)})));
  }
  return pictures;
}

void segment(Lesson& lesson, bool quick) {
  manual_seed(1);
  const data::Scenes scenes({.split = data::Split::train, .size = quick ? 2000 : 8000});
  const data::Scenes held_out({.split = data::Split::test, .size = 200});

  lesson.part("Training on generated scenes");
  models::UNet unet({.classes = classes, .base_channels = 16, .depth = 3});
  train("U-Net", unet, scenes, quick ? 1000 : 2500);
  models::DeepLab deeplab({.classes = classes});
  train("dilated head", deeplab, scenes, quick ? 100 : 2500);

  lesson.part("Evaluation on held-out scenes");
  const Array by_unet = predict(unet, held_out);
  const Array by_deeplab = predict(deeplab, held_out);
  const double unet_iou = data::mean_iou(by_unet, held_out.masks(), classes);
  const double deeplab_iou = data::mean_iou(by_deeplab, held_out.masks(), classes);
  lesson.say(fmt::format("mean IoU   U-Net {:.3f}   dilated head {:.3f}", unet_iou, deeplab_iou));
  lesson.holds("the U-Net's mean IoU is at least 0.9", unet_iou >= 0.9);
  lesson.holds("the dilated head, which cannot recover fine edges, is worse", deeplab_iou < unet_iou);
  std::vector<Array> images;
  for (std::int64_t i = 0; i < columns; ++i) images.push_back(held_out.get(i).image);
  lesson.picture("10_segmentation.png", rows_of_pictures({{"scene", images},
                                                          {"mask", mask_pictures(held_out.masks())},
                                                          {"U-Net", mask_pictures(by_unet)},
                                                          {"dilated", mask_pictures(by_deeplab)}},
                                                         2));
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  return run_lesson(
      argc, argv, "10: semantic segmentation",
      [&](Lesson& lesson) {
        segment(lesson, quick);
        lesson.learned(
            "small maps with many channels show what a pixel belongs to; large maps show where it ends. Skip\n"
            "connections combine the two. Dilation enlarges the receptive field without smaller maps.");
      },
      {{"--quick", &quick, "Train briefly, for the tests"}});
}
