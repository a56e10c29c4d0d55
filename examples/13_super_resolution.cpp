// 13: super-resolution by ESPCN: convolutions at the small size make nine numbers for every pixel, which the pixel
// shuffle lays out as 3×3. Prints the mean PSNR on scenes that the network has not seen: 29.1 dB, where bicubic
// interpolation has 25.7.
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/loss/loss.hpp>
#include <tapestry/autograd/ops/pool/pooling.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/image/bicubic.hpp>
#include <tapestry/data/metrics.hpp>
#include <tapestry/data/transforms/transform.hpp>
#include <tapestry/models/super_resolution.hpp>

#include "lesson/lesson.hpp"
#include "lesson/training.hpp"

using namespace tapestry;

namespace {

constexpr std::int64_t factor = 3;
constexpr std::int64_t batch_size = 8;

/// The mean of every 3×3 pixels, as a coarser camera sees them.
Array shrunk(const Array& images) {
  return avg_pool2d(images, {.kernel_size = factor}).array();
}

/// Crops images to a multiple of 3 pixels a side; drawn ones are.
data::Transform whole_windows(const data::Dataset& pictures) {
  const std::int64_t side = pictures.get(0).image.size(1);
  return data::random_crop({.size = side - side % factor});
}

/// Every color as a gray image of its own: what is learned of one holds for all. (N, 3, H, W) → (3·N, 1, H, W).
Array colors_apart(const Array& images) {
  return images.contiguous().reshape({images.size(0) * images.size(1), 1, images.size(2), images.size(3)});
}

/// Numbers around 0 are easier for tanh: the network sees and makes a difference to gray.
Tensor enlarge(nn::Module& model, const Array& small) {
  return model(Tensor(colors_apart(small)) - 0.5) + 0.5;
}

void train(nn::Module& model, const data::Dataset& pictures, std::int64_t steps) {
  optim::AdamW optimizer(model.parameters());
  optim::Schedule schedule(optimizer, optim::OneCycleOptions{.max_lr = 4e-3, .total_steps = steps});
  data::Loader loader(
      pictures, {.batch_size = batch_size, .shuffle = true, .drop_last = true, .transform = whole_windows(pictures)});
  train_steps("ESPCN", steps, loader, optimizer, schedule, [&](const data::Batch& batch) {
    return mse_loss(enlarge(model, shrunk(batch.images)), colors_apart(batch.images));
  });
}

/// The mean over images, whose numbers are limited to what a picture can show.
double mean_psnr(const Array& images, const Array& originals) {
  const Array shown = clamp(images, 0.0, 1.0).array();
  double total = 0;
  for (std::int64_t i = 0; i < shown.size(0); ++i) {
    total += data::psnr(shown.slice(i, i + 1), originals.slice(i, i + 1));
  }
  return total / static_cast<double>(shown.size(0));
}

void resolve(Lesson& lesson, bool quick, const std::string& dir) {
  manual_seed(1);
  const auto pictures = open_images(dir, data::Split::train, quick ? 2000 : 8000);
  const auto held_out = open_images(dir, data::Split::test, 64);
  models::SuperResolution model({.upscale_factor = factor, .channels = 1});

  lesson.part("Training on images that were made smaller by three");
  train(model, *pictures, quick ? 2500 : 8000);

  lesson.part("Images that it has not seen");
  const NoGradGuard no_grad;
  data::Loader loader(*held_out, {.batch_size = 64, .transform = whole_windows(*held_out)});
  const Array originals = loader.begin()->images;
  const Array small = shrunk(originals);
  const Array pixels = interpolate(small, {.scale_factor = factor}).array();
  const Array bicubic = data::enlarge_bicubic(small, factor);
  const Array resolved = enlarge(model, small).array().contiguous().reshape(originals.shape());
  const double bicubic_psnr = mean_psnr(bicubic, originals);
  const double resolved_psnr = mean_psnr(resolved, originals);
  lesson.say(fmt::format("PSNR   nearest {:.2f} dB   bicubic {:.2f} dB   network {:.2f} dB",
                         mean_psnr(pixels, originals), bicubic_psnr, resolved_psnr));
  // In photographs of 32 pixels a side there is less to know than in drawings.
  if (dir.empty()) {
    lesson.holds("the network is at least 1 dB above bicubic interpolation", resolved_psnr >= bicubic_psnr + 1);
  }
  lesson.picture("13_super_resolution.png", rows_of_pictures({{"pixels", pictures_of(pixels, 6)},
                                                              {"bicubic", pictures_of(bicubic, 6)},
                                                              {"network", pictures_of(resolved, 6)},
                                                              {"original", pictures_of(originals, 6)}},
                                                             3));
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  std::string dir;
  return run_lesson(
      argc, argv, "13: three times as many pixels a side",
      [&](Lesson& lesson) {
        resolve(lesson, quick, dir);
        lesson.learned(
            "interpolation is the same everywhere; a network knows that edges are sharp. It computes where pixels are\n"
            "few, and the pixel shuffle, which costs nothing, makes the large image.");
      },
      [&](CLI::App& app) {
        app.add_flag("--quick", quick, "A short training, for the tests");
        app.add_option("--data", dir, "CIFAR-10 binaries, or train/ and test/ with a folder of images per class");
      });
}
